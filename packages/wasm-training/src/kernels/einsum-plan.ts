/** Labels are numbers, an operand's axes a list of them. */
export interface Operand {
  readonly labels: readonly number[];
  readonly shape: readonly number[];
}

/** A product of two operands as batched matrices: `"batch m k"` by `"batch k n"`, each possibly stored with its last two axes swapped. */
export interface ProductPlan {
  /** The operands exchange places. */
  readonly swap: boolean;
  readonly a: Side;
  readonly b: Side;
  /** The labels of the product as it comes out: batch, m, n. */
  readonly labels: readonly number[];
}

export interface Side {
  /** The order to bring the axes to; the one they have where nothing must move. */
  readonly labels: readonly number[];
  readonly transpose: boolean;
}

/**
 * How to contract two operands, every label of which is in the other or in the result, with the least data moved before and
 * after: the ways differ in the order within batch, free and summed axes, and in which operand is on the left.
 */
export function planProduct(first: Operand, second: Operand, result: readonly number[]): ProductPlan {
  const sizes = new Map([first, second].flatMap(({ labels, shape }) => labels.map((label, i) => [label, shape[i]!] as const)));
  const sizeOf = (labels: readonly number[]) => labels.reduce((product, label) => product * sizes.get(label)!, 1);
  let best: { plan: ProductPlan; moved: number } | undefined;
  for (const swap of [false, true]) {
    const [a, b] = swap ? [second.labels, first.labels] : [first.labels, second.labels];
    const shared = a.filter((label) => b.includes(label));
    const isResult = (label: number) => result.includes(label);
    for (const batchLike of [result, a, b]) {
      for (const summedLike of [a, b]) {
        for (const freeLike of [[result, result], [a, b]] as const) {
          const batch = batchLike.filter((label) => shared.includes(label) && isResult(label));
          const summed = summedLike.filter((label) => shared.includes(label) && !isResult(label));
          const rows = freeLike[0].filter((label) => a.includes(label) && !shared.includes(label));
          const columns = freeLike[1].filter((label) => b.includes(label) && !shared.includes(label));
          const left = sideOf(a, batch, rows, summed);
          const right = sideOf(b, batch, summed, columns);
          const labels = [...batch, ...rows, ...columns];
          const moved = (equal(left.labels, a) ? 0 : sizeOf(a)) + (equal(right.labels, b) ? 0 : sizeOf(b)) + (equal(labels, result) ? 0 : sizeOf(result));
          if (best === undefined || moved < best.moved) best = { plan: { swap, a: left, b: right, labels }, moved };
        }
      }
    }
  }
  return best!.plan;
}

/** `"batch rows columns"`, or as it lies where that is `"batch columns rows"`. */
function sideOf(labels: readonly number[], batch: readonly number[], rows: readonly number[], columns: readonly number[]): Side {
  const plain = [...batch, ...rows, ...columns];
  const swapped = [...batch, ...columns, ...rows];
  return !equal(labels, plain) && equal(labels, swapped) ? { labels: swapped, transpose: true } : { labels: plain, transpose: false };
}

export const equal = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

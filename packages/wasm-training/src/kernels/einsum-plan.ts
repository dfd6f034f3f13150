import { backend_util } from "@tensorflow/tfjs-core";

/** Labels are numbers, an operand's axes a list of them. */
export interface Operand {
  readonly labels: readonly number[];
  readonly shape: readonly number[];
}

/** What to do with operands of these shapes. */
export interface EinsumPlan {
  /** Of each operand, as it comes. */
  readonly labels: readonly (readonly number[])[];
  /** Of the result, in order. */
  readonly result: readonly number[];
  /** Of the result. */
  readonly shape: readonly number[];
  /** Where two operands have labels to sum in common. */
  readonly product?: ProductPlan;
}

/** A product of two operands as batched matrices: `"batch m k"` by `"batch k n"`, each possibly stored with its last two axes swapped. */
export interface ProductPlan {
  /** The operands exchange places. */
  readonly swap: boolean;
  readonly a: Side;
  readonly b: Side;
  /** The labels of the product as it comes out, batch, m, n, and their sizes. */
  readonly labels: readonly number[];
  readonly shape: readonly number[];
}

export interface Side {
  /** The order to bring the axes to; the one they have where nothing must move. */
  readonly labels: readonly number[];
  readonly transpose: boolean;
  /** Of the batched matrix as it is stored. */
  readonly shape: readonly [number, number, number];
}

/** More than the equations and shapes of a model; making a plan takes longer than a small product. */
const KEPT = 256;
const kept = new Map<string, EinsumPlan>();

/** The plan, made once for an equation and shapes; errors of tfjs for an equation that it does not know or sizes that differ. */
export function planEinsum(equation: string, shapes: readonly (readonly number[])[]): EinsumPlan {
  const key = `${equation}:${shapes.join(":")}`;
  let plan = kept.get(key);
  if (plan === undefined) {
    plan = makePlan(equation, shapes);
    if (kept.size === KEPT) kept.delete(kept.keys().next().value!); // the oldest
    kept.set(key, plan);
  }
  return plan;
}

function makePlan(equation: string, shapes: readonly (readonly number[])[]): EinsumPlan {
  const { allDims, summedDims, idDims: labels } = backend_util.decodeEinsumEquation(equation, shapes.length);
  shapes.forEach((shape, i) => {
    if (shape.length !== labels[i]!.length) throw new Error(`einsum: operand ${i} of "${equation}" has ${labels[i]!.length} axes, but the tensor has shape [${shape}]`);
  });
  backend_util.checkEinsumDimSizes(allDims.length, labels, shapes.map((shape) => ({ shape })) as never);
  const sizes = sizesOf(shapes.map((shape, i) => ({ labels: labels[i]!, shape })));
  const result = Array.from({ length: allDims.length - summedDims.length }, (_, i) => i);
  const plan = { labels, result, shape: result.map((label) => sizes.get(label)!) };
  // As they are when what only one has is summed.
  const [first, second] = labels.map((own, i): Operand => {
    const left = own.filter((label) => result.includes(label) || labels[1 - i]?.includes(label));
    return { labels: left, shape: left.map((label) => sizes.get(label)!) };
  });
  return second !== undefined && first!.labels.some((label) => !result.includes(label)) ? { ...plan, product: planProduct(first!, second, result) } : plan;
}

/**
 * How to contract two operands, every label of which is in the other or in the result, with the least data moved before and
 * after: the ways differ in the order within batch, free and summed axes, and in which operand is on the left.
 */
export function planProduct(first: Operand, second: Operand, result: readonly number[]): ProductPlan {
  const sizes = sizesOf([first, second]);
  const sizeOf = (labels: readonly number[]) => labels.reduce((product, label) => product * sizes.get(label)!, 1);
  const isResult = (label: number) => result.includes(label);
  let best: { plan: ProductPlan; moved: number } | undefined;
  for (const swap of [false, true]) {
    const [a, b] = swap ? [second.labels, first.labels] : [first.labels, second.labels];
    const shared = a.filter((label) => b.includes(label));
    for (const batchLike of [result, a, b]) {
      for (const summedLike of [a, b]) {
        for (const freeLike of [[result, result], [a, b]] as const) {
          const batch = batchLike.filter((label) => shared.includes(label) && isResult(label));
          const summed = summedLike.filter((label) => shared.includes(label) && !isResult(label));
          const rows = freeLike[0].filter((label) => a.includes(label) && !shared.includes(label));
          const columns = freeLike[1].filter((label) => b.includes(label) && !shared.includes(label));
          const left = sideOf(a, batch, rows, summed, sizeOf);
          const right = sideOf(b, batch, summed, columns, sizeOf);
          const labels = [...batch, ...rows, ...columns];
          const moved = (equal(left.labels, a) ? 0 : sizeOf(a)) + (equal(right.labels, b) ? 0 : sizeOf(b)) + (equal(labels, result) ? 0 : sizeOf(result));
          if (best === undefined || moved < best.moved) best = { plan: { swap, a: left, b: right, labels, shape: labels.map((label) => sizes.get(label)!) }, moved };
        }
      }
    }
  }
  return best!.plan;
}

/** `"batch rows columns"`, or as it lies where that is `"batch columns rows"`. */
function sideOf(labels: readonly number[], batch: readonly number[], rows: readonly number[], columns: readonly number[], sizeOf: (labels: readonly number[]) => number): Side {
  const plain = [...batch, ...rows, ...columns];
  const swapped = [...batch, ...columns, ...rows];
  if (!equal(labels, plain) && equal(labels, swapped)) return { labels: swapped, transpose: true, shape: [sizeOf(batch), sizeOf(columns), sizeOf(rows)] };
  return { labels: plain, transpose: false, shape: [sizeOf(batch), sizeOf(rows), sizeOf(columns)] };
}

const sizesOf = (operands: readonly Operand[]): ReadonlyMap<number, number> => new Map(operands.flatMap(({ labels, shape }) => labels.map((label, i) => [label, shape[i]!] as const)));

export const equal = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, i) => value === b[i]);

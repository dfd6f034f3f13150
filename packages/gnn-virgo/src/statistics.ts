// Virgo's statistics: how much of a signal is left after 1, 2, … steps over the graph. Over the edges as they lie, in float64.
import type { EdgeOperator } from "./operator.js";

/** One layer: what it multiplies by, and whether it adds the node itself through a matrix of its own. */
export interface Step {
  readonly operator: EdgeOperator;
  readonly root: boolean;
}

/** A product of operators that some layer applies to the signal, the longer ones behind the shorter. */
interface Word {
  readonly next: Map<EdgeOperator, Word>;
  /** log of the squared norm of what it makes of the signal. */
  log: number;
}

/**
 * log F_0 … log F_L, F_l being the expected squared norm of the signal after l layers but for widths and variances: ‖P^l x‖², and
 * with root terms the sum over all ways through the layers, step or stay, Σ_k binom(l, k) ‖P^k x‖². A signal that is gone has −∞.
 *
 * Each step divides the signal by its largest entry and keeps the logarithm, so that neither hubs nor long paths overflow.
 *
 * @param columns the signal, `"nodes"` each; one buffer may come again and again.
 * @param transposed backward: steps in reverse order, by the transposes.
 */
export function pathLogs(steps: readonly Step[], columns: Iterable<Float64Array>, transposed: boolean): Float64Array {
  const start: Word = { next: new Map(), log: -Infinity };
  const ways: Map<Word, number>[] = [new Map([[start, 1]])];
  for (const { operator, root } of steps) {
    const way = new Map<Word, number>();
    for (const [word, count] of ways.at(-1)!) {
      if (!word.next.has(operator)) word.next.set(operator, { next: new Map(), log: -Infinity });
      const longer = word.next.get(operator)!;
      way.set(longer, (way.get(longer) ?? 0) + count);
      if (root) way.set(word, (way.get(word) ?? 0) + count);
    }
    ways.push(way);
  }
  const scratch = new Scratch();
  for (const column of columns) {
    const x = scratch.take(column.length);
    x.set(column);
    walk(start, x, 0, transposed, scratch);
  }
  return Float64Array.from(ways, (way) => [...way].reduce((sum, [{ log }, count]) => logAdd(sum, Math.log(count) + log), -Infinity));
}

/** Adds what this word and all longer ones make of the signal `x · e^scale`; x is used up. */
function walk(word: Word, x: Float64Array, scale: number, transposed: boolean, scratch: Scratch): void {
  const { largest, square } = takeLargest(x);
  if (largest === 0) return;
  const scaled = scale + Math.log(largest);
  word.log = logAdd(word.log, 2 * scaled + Math.log(square));
  const longer = [...word.next];
  for (const [i, [operator, next]] of longer.entries()) {
    const y = scratch.take(x.length);
    applyOperator(operator, x, y, transposed, scratch);
    const last = i === longer.length - 1;
    if (last) scratch.give(x); // so that a chain of steps, the usual case, lives in two vectors
    walk(next, y, scaled, transposed, scratch);
    if (next.next.size === 0) scratch.give(y);
  }
}

/** Vectors that are used again. */
class Scratch {
  readonly #free: Float64Array[] = [];
  take = (length: number): Float64Array => this.#free.pop() ?? new Float64Array(length);
  give = (vector: Float64Array): void => void this.#free.push(vector);
}

/** Divides by the largest magnitude, and gives it and the squared norm of what is left; of zeros 0 and 0. */
export function takeLargest(x: Float64Array): { largest: number; square: number } {
  let largest = 0;
  for (let i = 0; i < x.length; i++) {
    const size = Math.abs(x[i]!);
    if (size > largest) largest = size;
  }
  let square = 0;
  if (largest > 0) {
    for (let i = 0; i < x.length; i++) {
      const value = x[i]! / largest;
      x[i] = value;
      square += value * value;
    }
  }
  return { largest, square };
}

/** log(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high));
}

/** `y = P x`, or `Pᵀ x`. */
export function applyOperator({ edges, loops, left, right }: EdgeOperator, x: Float64Array, y: Float64Array, transposed: boolean, scratch = new Scratch()): void {
  const [inner, outer] = transposed ? [left, right] : [right, left];
  const [from, to] = transposed ? [edges.dst, edges.src] : [edges.src, edges.dst];
  const z = inner === undefined ? x : scratch.take(x.length);
  if (inner !== undefined) for (let i = 0; i < x.length; i++) z[i] = x[i]! * inner[i]!;
  if (loops === undefined) y.fill(0);
  else for (let i = 0; i < x.length; i++) y[i] = loops[i]! * z[i]!;
  const { weight } = edges;
  if (weight === undefined) for (let e = 0; e < from.length; e++) y[to[e]!]! += z[from[e]!]!;
  else for (let e = 0; e < from.length; e++) y[to[e]!]! += weight[e]! * z[from[e]!]!;
  if (outer !== undefined) for (let i = 0; i < x.length; i++) y[i]! *= outer[i]!;
  if (inner !== undefined) scratch.give(z);
}

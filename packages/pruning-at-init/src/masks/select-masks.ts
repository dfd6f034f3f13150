import { WarmstartError } from "@warmstart/init-core";
import { checkDensity, keepCount } from "./density.js";
import { bitsOf, kthLargest, orderedKey, type Candidates } from "./kth-largest.js";

/** Scores by name, higher = keep, flat in row-major order. The order of the map is the order of ties. */
export type ScoreMap = ReadonlyMap<string, Float32Array>;

/** 1 where a weight stays, 0 where it goes, by the names of the scores and as long as they. */
export type MaskMap = ReadonlyMap<string, Uint8Array>;

/** "global": one ranking over all tensors. "local": each tensor keeps its own share. */
export type Scope = "global" | "local";

export interface SelectOptions {
  /** Share of all weights to keep, above 0 up to 1; or one a name, which is "local". */
  readonly density: number | Readonly<Record<string, number>>;
  /** Default "global". */
  readonly scope?: Scope;
  /** Where this is 0 nothing is kept, whatever the score. The density still is of the full size. */
  readonly previous?: MaskMap;
  /** Each tensor keeps at least so many of its best, out of the same budget. Default 0. */
  readonly minPerLayer?: number;
}

/**
 * Keeps the weights with the highest scores: exactly `clamp(floor(density·N + 0.5), 1, N)` of them (fewer only where `previous` has
 * no more). Among equal scores the lower index stays, names in the order of the map. Linear in the number of weights.
 *
 * @returns masks; the scores stay as they are.
 * @throws {WarmstartError} INVALID_OPTION for a density outside (0, 1], or a `minPerLayer` that exceeds the budget; NOT_FINITE for scores with NaN or
 *   infinity, naming the tensor; SHAPE_MISMATCH for `previous` of another length; INSUFFICIENT_DATA without scores.
 *
 * @example
 * const masks = selectMasks(new Map([["fc1/kernel", scores]]), { density: 0.1 });
 */
export function selectMasks(scores: ScoreMap, { density, scope = "global", previous, minPerLayer = 0 }: SelectOptions): Map<string, Uint8Array> {
  if (scores.size === 0) throw new WarmstartError("INSUFFICIENT_DATA", "selectMasks: there are no scores.");
  if (!Number.isInteger(minPerLayer) || minPerLayer < 0) throw new WarmstartError("INVALID_OPTION", `selectMasks: \`minPerLayer\` must be a whole number of at least 0, got ${minPerLayer}.`, { minPerLayer });
  const layers = [...scores].map(([name, values]) => open(name, values, previous, minPerLayer > 0));
  const budgetOf = (name: string): number => {
    if (typeof density === "number") return density;
    const own = density[name];
    if (own === undefined) throw new WarmstartError("INVALID_OPTION", `selectMasks: \`density\` has no entry for "${name}". It has ${Object.keys(density).join(", ") || "none"}.`, { name });
    return own;
  };
  for (const { name } of layers) checkDensity("selectMasks", budgetOf(name));
  if (scope === "local" || typeof density !== "number") {
    for (const layer of layers) take([layer], Math.max(minPerLayer, keepCount(budgetOf(layer.name), layer.values.length)));
  } else {
    const total = layers.reduce((sum, { values }) => sum + values.length, 0);
    let budget = keepCount(density, total);
    const forced = layers.map(({ values }) => Math.min(minPerLayer, values.length));
    const needed = forced.reduce((sum, count) => sum + count, 0);
    if (needed > budget) throw new WarmstartError("INVALID_OPTION", `selectMasks: \`minPerLayer\` ${minPerLayer} keeps ${needed} weights of ${layers.length} tensors, but the density ${density} leaves ${budget}. Raise the density or lower \`minPerLayer\`.`, { minPerLayer, needed, budget });
    if (minPerLayer > 0) for (const [i, layer] of layers.entries()) budget -= take([layer], forced[i]!);
    take(layers, budget);
  }
  return new Map(layers.map(({ name, mask }) => [name, mask]));
}

interface Layer extends Candidates {
  readonly name: string;
  /** 1 where a weight may still be chosen; absent where all may. */
  readonly open?: Uint8Array;
  readonly mask: Uint8Array;
}

function open(name: string, values: Float32Array, previous: MaskMap | undefined, twice: boolean): Layer {
  const bits = bitsOf(values);
  const exponent = 0x7f800000; // all of it set: NaN or infinity
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i]! & exponent) === exponent) throw new WarmstartError("NOT_FINITE", `selectMasks: score ${i} of "${name}" is ${values[i]}, which has no rank. Look at the data and the weights; where a deep network overflows, start from smaller weights.`, { name, index: i });
  }
  const before = previous?.get(name);
  if (before !== undefined && before.length !== values.length) throw new WarmstartError("SHAPE_MISMATCH", `selectMasks: the previous mask of "${name}" has ${before.length} entries, its scores ${values.length}.`, { name, expected: values.length, received: before.length });
  const free = before !== undefined ? before.slice() : twice ? new Uint8Array(values.length).fill(1) : undefined;
  return { name, values, mask: new Uint8Array(values.length), ...(free ? { open: free } : {}) };
}

/** Moves the `count` best open weights into the masks, or all open ones where there are fewer; says how many. */
function take(layers: readonly Layer[], count: number): number {
  const { key, ties, found } = kthLargest(layers, count);
  let left: number = ties;
  if (found > 0) for (const layer of layers) left = takeAbove(layer, key, left);
  return found;
}

/** Takes what is above the key, and the first `ties` of those at it; says how many of these remain for the next tensor. */
function takeAbove({ values, open: free, mask }: Layer, key: number, ties: number): number {
  const bits = bitsOf(values);
  let left = ties;
  for (let i = 0; i < bits.length; i++) {
    const own = orderedKey(bits[i]!);
    const may = free === undefined ? 1 : free[i]!;
    let taken = Number(own > key) & may; // without a jump: which weights are above is not to be foreseen
    if (own === key && may === 1 && left-- > 0) taken = 1;
    mask[i]! |= taken;
    if (free !== undefined) free[i] = may - taken;
  }
  return left;
}

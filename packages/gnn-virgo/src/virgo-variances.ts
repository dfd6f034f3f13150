// Virgo's rules: from what a graph does to a signal, and from the widths of the layers, to the variances of their weights.
import { WarmstartError } from "@warmstart/init-core";
import type { Edges } from "./operator.js";
import { chainLogs } from "./statistics-chain.js";
import { pathLogs, type Step } from "./statistics.js";
import { constantShare, featureColumns, type Features, type Reduce } from "./statistics-features.js";

/**
 * - `harmonic`: the harmonic mean of both, as Xavier's of 1 / fan-in and 1 / fan-out;
 * - `arithmetic`: their mean ("normal" in the authors' code);
 * - `forward`: VirgoFor, level activations;
 * - `backward`: VirgoBack, level gradients.
 */
export type VirgoMode = "harmonic" | "arithmetic" | "forward" | "backward";

/** One graph layer, as the rules see it. */
export interface VirgoLayerSizes extends Step {
  readonly fanIn: number;
  readonly fanOut: number;
  /** γ of the activation behind the layer. */
  readonly gain: number;
  /** By what the variance is multiplied in the end: averaged heads, and (1 - p) for a dropout before the layer. */
  readonly factor: number;
}

export interface VariancesInput {
  readonly caller: string;
  readonly edges: Edges;
  readonly layers: readonly VirgoLayerSizes[];
  readonly mode: VirgoMode;
  readonly reduce: Reduce;
  readonly features?: Features | undefined;
  /** At least 2. */
  readonly classes: number;
  readonly official: boolean;
}

/** Variances of the weights of layers 1 … L (entry l - 1 is of layer l), and what they come from. */
export interface VirgoPlan {
  /** ‖P^l x‖², l = 1 … L, x being the features as `reduce` says; with root terms the sum over all ways. Infinity where float64 ends. */
  readonly f: Float64Array;
  /** ‖(Pᵀ)^l 1‖², of the last l layers. */
  readonly g: Float64Array;
  /** VirgoFor's variances. NaN where the signal dies and the mode does not need them. */
  readonly forward: Float64Array;
  /** VirgoBack's variances, as `forward`. */
  readonly backward: Float64Array;
  /** The variances of the mode. */
  readonly variance: Float64Array;
  /** √(3 variance): weights uniform in [-bound, bound] have the variance. */
  readonly bound: Float64Array;
  /** √variance. */
  readonly std: Float64Array;
  /** What to know about them: features that vary around 0, variances that look as if the operator were another one. */
  readonly notes: readonly string[];
}

/** The variances, arguments being checked. */
export function virgoVariances({ caller, edges, layers, mode, reduce, features, classes, official }: VariancesInput): VirgoPlan {
  const count = layers.length;
  const notes: string[] = [];
  const { logF, logG } = statistics(layers, watched(mode !== "backward" && features !== undefined && reduce === "mean", featureColumns(reduce, edges.numNodes, features), notes), edges, { mode, reduce, official });
  if (mode !== "backward") requireSignal(caller, logF!, reduce);
  if (mode !== "forward") requireSignal(caller, logG, "ones");
  const forward = new Float64Array(count);
  const backward = new Float64Array(count);
  for (const [i, { fanIn, fanOut, gain, factor }] of layers.entries()) {
    const before = layers[i - 1]?.gain ?? gain;
    forward[i] = (factor * before * (i === 0 ? 1 : logF === undefined ? NaN : Math.exp(logF[i]! - logF[i + 1]!))) / fanIn;
    const above = count - 1 - i; // layers above this one
    backward[i] = above === 0 ? (factor * edges.numNodes) / (classes - 1) / Math.exp(logG[1]!) : (factor * gain * Math.exp(logG[above]! - logG[above + 1]!)) / fanOut;
  }
  const variance = forward.map((v, i) => combine[mode](v, backward[i]!));
  const odd = variance.findIndex((v) => v > 1e4 || v < 1e-8);
  if (odd >= 0) notes.push(`The variance of layer ${odd + 1} is ${variance[odd]!.toExponential(2)}: does the layer multiply by this operator and this graph? Ratios this far from 1 come from sums over hubs, or coefficients of another scale.`);
  const logs = (values: Float64Array | undefined) => (values ?? new Float64Array(count + 1).fill(NaN)).slice(1).map((value) => Math.exp(value));
  return { f: logs(logF), g: logs(logG), forward, backward, variance, bound: variance.map((v) => Math.sqrt(3 * v)), std: variance.map((v) => Math.sqrt(v)), notes };
}

/** log F_0 … F_L and log G_0 … G_L; no log F where it would cost a walk a feature and is not needed. */
function statistics(layers: readonly VirgoLayerSizes[], columns: Generator<Float64Array>, edges: Edges, { mode, reduce, official }: Pick<VariancesInput, "mode" | "reduce" | "official">): { logF: Float64Array | undefined; logG: Float64Array } {
  const { operator } = layers[0]!;
  if (reduce !== "frobenius" && !official && layers.every((layer) => layer.operator === operator && !layer.root)) {
    const [column] = [...columns];
    const { forward, backward } = chainLogs(operator, layers.length, column!);
    return { logF: forward, logG: backward };
  }
  const logF = mode === "backward" && reduce === "frobenius" ? undefined : pathLogs(layers, columns, false);
  return { logF, logG: pathLogs(layers.toReversed(), featureColumns("ones", edges.numNodes, undefined), !official) };
}

const combine: Readonly<Record<VirgoMode, (forward: number, backward: number) => number>> = {
  harmonic: (a, b) => 2 / (1 / a + 1 / b),
  arithmetic: (a, b) => (a + b) / 2,
  forward: (a) => a,
  backward: (_, b) => b,
};

/** Passes the columns on, and notes means of features that are mostly noise. */
function* watched(means: boolean, columns: Generator<Float64Array>, notes: string[]): Generator<Float64Array> {
  for (const column of columns) {
    const share = means ? constantShare(column) : 1;
    if (share < 0.5) notes.push(`The means of the features differ between nodes (${share.toPrecision(2)} of their square is common to all), as with standardised features: averaging over neighbours makes them small, but not what a ReLU gives. Take reduce: "ones".`);
    yield column;
  }
}

function requireSignal(caller: string, logs: Float64Array, reduce: Reduce): void {
  if (logs[0] === -Infinity) {
    const others = reduce === "mean" ? `Take reduce: "ones", or "frobenius" where features cancel each other.` : `Take reduce: "ones".`;
    throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: ${reduce === "mean" ? "the mean of the features is 0 at every node" : "all features are 0"}, so nothing can be said about what the graph does to them. ${others}`, { reduce });
  }
  const dead = logs.indexOf(-Infinity);
  if (dead > 0) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: the signal dies at layer ${dead}: no path of ${dead} edges is left in the graph. Add self-loops (selfLoops: true), or take fewer layers.`, { layer: dead });
}

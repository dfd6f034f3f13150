// Virgo (Li, Song, Song, Wipf, "On the Initialization of Graph Neural Networks", ICML 2023, arXiv:2312.02622): variances of the weights from graph and widths.
// After the authors' code, github.com/LspongebobJH/virgo_icml2023 (`utils.py`: gen_c2_for, gen_c2_back, gen_c2). Ours: the transpose in the backward statistic
// (compat: "official" leaves it out), operators other than gcn, weights of edges, root terms, averaged heads, dropout, gains, widths of each layer.
import { WarmstartError } from "@warmstart/init-core";
import { activationGain, type Gain } from "./gain.js";
import type { Graph } from "./graph.js";
import { batchGraphs } from "./graphs/batch-graphs.js";
import { edgeOperator, type EdgeOperator, type Edges, type OperatorName, type OperatorOptions } from "./operator.js";
import { checkFeatures, type Features, type Reduce } from "./statistics-features.js";
import { virgoVariances, type VirgoMode, type VirgoPlan } from "./virgo-variances.js";

/** The operator of one layer, with options of its own. */
export interface LayerOperator extends OperatorOptions {
  readonly operator: OperatorName;
}

export interface VirgoPlanOptions {
  /** Widths: of the features, of the hidden layers, of the output of the last graph layer. One more than layers; concatenated heads count all. */
  readonly dims: readonly number[];
  /** Default "harmonic". */
  readonly mode?: VirgoMode;
  /** C, for the last layer of the backward rule. Default: the last entry of `dims`. 1, one logit for two classes, counts as 2. */
  readonly numClasses?: number;
  /** Row-major `"nodes dims[0]"`, those of several graphs one after the other. Default: none, 1 at every node. */
  readonly features?: Features;
  /** What is sent over the graph forward. Default "mean"; "ones" without features. */
  readonly reduce?: Reduce;
  /** P: what the layers multiply by, or an operator a layer. Default "gcn". */
  readonly operator?: OperatorName | readonly (OperatorName | LayerOperator)[];
  /** Options of the operators. `existingLoops` is "replace" here by default, the authors' rule: one unit self-loop a node. */
  readonly operatorOptions?: OperatorOptions;
  /** γ of the activation between the layers, or one a layer (the last one's counts nowhere). Default "relu", 2. */
  readonly gain?: Gain | readonly Gain[];
  /** Rate of the dropout before each layer: an inverted dropout raises mean squares by 1 / (1 - p), which is taken off. Default: none, as in the authors' code. */
  readonly dropout?: readonly number[];
  /** Whether the layers add the node itself through a matrix of its own, as GraphSAGE does, or one answer a layer. Default false. */
  readonly rootWeight?: boolean | readonly boolean[];
  /** Independent heads that are averaged, one number a layer: the mean of K matrices has a Kth of their variance, which is made good. Default 1; concatenated heads are 1 too. */
  readonly averagedHeads?: readonly number[];
  /** "official": the backward statistic by P, not its transpose, as in the authors' code. The same on undirected graphs. */
  readonly compat?: "official";
}

const caller = "virgoPlan";

/**
 * The variances that keep mean squares of activations, of gradients, or of both as level as can be through the layers of a graph
 * network. On the host, float64, in 2 L passes over the edges; memory of the order of the nodes.
 *
 * @param graph one, or several that count as one (graph classification).
 * @throws {WarmstartError} INVALID_OPTION naming the entry at fault; SHAPE_MISMATCH or NOT_FINITE for features; INSUFFICIENT_DATA
 *   for features that are or average to 0, and where no path of L edges is left ("the signal dies at layer …").
 *
 * @example
 * const { variance, bound } = virgoPlan(graph, { dims: [1433, 64, 64, 7], features: await x.data() });
 */
export function virgoPlan(graph: Graph | readonly Graph[], options: VirgoPlanOptions): VirgoPlan {
  const { dims, mode = "harmonic", features, reduce = "mean", operator = "gcn", operatorOptions = {}, gain = "relu", compat } = options;
  if (!Array.isArray(dims) || dims.length < 2) throw invalid(`dims must name at least two widths, those of the features and of one layer, got ${JSON.stringify(dims)}.`, { dims });
  for (const [i, width] of dims.entries()) if (!Number.isInteger(width) || width < 1) throw invalid(`dims must hold positive whole numbers, got ${width} at entry ${i}. Concatenated heads count all.`, { entry: i, width });
  const count = dims.length - 1;
  const edges = edgesOf(caller, graph);
  checkMode(caller, mode, reduce, compat);
  if (features !== undefined) checkFeatures(caller, features, edges.numNodes, dims[0]!);
  const operators = memoOperators(edges);
  const perLayer = eachLayer(operator, count, "operator");
  const gains = eachLayer(gain, count, "gain").map((one) => activationGain(one));
  const roots = eachLayer(options.rootWeight ?? false, count, "rootWeight");
  const heads = eachLayer(options.averagedHeads ?? 1, count, "averagedHeads");
  const rates = eachLayer(options.dropout ?? 0, count, "dropout");
  const layers = perLayer.map((one, i) => {
    const { operator: name, ...own } = typeof one === "string" ? { operator: one } : one;
    return { operator: operators(name, { existingLoops: "replace", ...operatorOptions, ...own }), root: roots[i]!, fanIn: dims[i]!, fanOut: dims[i + 1]!, gain: gains[i]!, factor: layerFactor(caller, heads[i]!, rates[i]!, i) };
  });
  return virgoVariances({ caller, edges, layers, mode, reduce, features, classes: classesOf(caller, options.numClasses, dims.at(-1)!, mode), official: compat === "official" });
}

const invalid = (message: string, details: Record<string, unknown>) => new WarmstartError("INVALID_OPTION", `${caller}: ${message}`, details);

/** One value for all layers, or one each. */
function eachLayer<T>(value: T | readonly T[], count: number, name: string): readonly T[] {
  if (!Array.isArray(value)) return Array.from({ length: count }, () => value as T);
  if (value.length !== count) throw invalid(`${name} must have one entry a layer, ${count} by dims, got ${value.length}.`, { [name]: value });
  return value as readonly T[];
}

/** By what heads and dropout change the variance that a layer needs. */
export function layerFactor(from: string, heads: number, rate: number, layer: number): number {
  if (!Number.isInteger(heads) || heads < 1) throw new WarmstartError("INVALID_OPTION", `${from}: averagedHeads must be positive whole numbers, got ${heads} for layer ${layer + 1}.`, { heads, layer: layer + 1 });
  if (!(rate >= 0 && rate < 1)) throw new WarmstartError("INVALID_OPTION", `${from}: dropout must hold rates from 0 to below 1, got ${rate} for layer ${layer + 1}.`, { rate, layer: layer + 1 });
  return heads * (1 - rate);
}

export function checkMode(from: string, mode: VirgoMode, reduce: Reduce, compat: "official" | undefined): void {
  const oneOf = (name: string, value: unknown, known: readonly unknown[]) => {
    if (!known.includes(value)) throw new WarmstartError("INVALID_OPTION", `${from}: ${name} must be one of ${known.filter((word) => word !== undefined).map((word) => `"${word}"`).join(", ")}, got ${JSON.stringify(value)}.`, { [name]: value });
  };
  oneOf("mode", mode, ["harmonic", "arithmetic", "forward", "backward"]);
  oneOf("reduce", reduce, ["mean", "frobenius", "ones"]);
  oneOf("compat", compat, ["official", undefined]);
}

/** C, at least 2. */
export function classesOf(from: string, given: number | undefined, width: number, mode: VirgoMode): number {
  if (given === undefined && width === 1 && mode !== "forward") throw new WarmstartError("INVALID_OPTION", `${from}: numClasses must be given where the last layer has one output. Give 2 for one logit of two classes; mode: "forward" needs none.`, { width });
  const classes = given ?? width;
  if (!Number.isInteger(classes) || classes < 1) throw new WarmstartError("INVALID_OPTION", `${from}: numClasses must be a positive whole number, got ${classes}.`, { numClasses: classes });
  return Math.max(2, classes);
}

/** The edges of a graph, or of several as one. */
export function edgesOf(from: string, graph: Graph | readonly Graph[]): Edges {
  const graphs = Array.isArray(graph) ? (graph as readonly Graph[]) : [graph as Graph];
  if (graphs.length === 0) throw new WarmstartError("INSUFFICIENT_DATA", `${from}: there is no graph. Give at least one.`, {});
  return graphs.length === 1 ? graphs[0]! : batchGraphs(graphs);
}

/** Operators of the same edges, each made once: layers that share one share their statistics. */
export function memoOperators(edges: Edges): (name: OperatorName, options: OperatorOptions) => EdgeOperator {
  const made = new Map<string, EdgeOperator>();
  return (name, options) => {
    const { selfLoops, selfLoopWeight, existingLoops, degrees, eps } = options;
    const key = JSON.stringify([name, selfLoops, selfLoopWeight, existingLoops, degrees, eps]);
    if (!made.has(key)) made.set(key, edgeOperator(edges, name, options));
    return made.get(key)!;
  };
}

// Virgo on a built model, in place: variances by virgo-plan.ts, drawn with the seeds of the kernels' positions.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createPlan, expectPlan, networkOf, subSeed, WarmstartError, type Initializer, type InitOptions, type Network, type Parameter, type Plan } from "@warmstart/init-core";
import { activationGain, type Gain } from "./gain.js";
import type { Graph } from "./graph.js";
import { checkDistribution, drawWithVariance, type VirgoDistribution } from "./initializers/virgo-initializer.js";
import type { OperatorName, OperatorOptions } from "./operator.js";
import { checkFeatures, type Features, type Reduce } from "./statistics-features.js";
import { modelLayers, namedLayers, type FoundLayer, type VirgoLayer } from "./virgo-layers.js";
import { checkMode, classesOf, edgesOf, layerFactor, memoOperators } from "./virgo-plan.js";
import { describeVirgo } from "./virgo-report.js";
import { virgoVariances, type VirgoLayerSizes, type VirgoMode, type VirgoPlan } from "./virgo-variances.js";

export interface VirgoOptions {
  /** Default "harmonic". */
  readonly mode?: VirgoMode;
  /** The graph that is trained on, or several that count as one. Default: that of the model's layers. */
  readonly graph?: Graph | readonly Graph[];
  /** What the first graph layer reads, `"nodes features"`, a tensor (it stays the caller's) or numbers row by row. Default: none, 1 at every node. */
  readonly features?: Tensor2D | Features;
  /** What is sent over the graph forward. Default "mean"; "ones" without features. */
  readonly reduce?: Reduce;
  /** C, for the last layer of the backward rule. Default: the width of the last graph layer. 1, one logit for two classes, counts as 2. */
  readonly numClasses?: number;
  /** P of all layers. Default: the one that each layer multiplies by. */
  readonly operator?: OperatorName;
  /** Options of P, beside or in place of each layer's own. */
  readonly operatorOptions?: OperatorOptions;
  /** γ of the activation behind all graph layers, or one a layer. Default: by the activation that the model has there, ReLU's where it does not say. */
  readonly gain?: Gain | readonly Gain[];
  /** Rate of the dropout before each graph layer, or "model" for what the model has there. Default: none counts, as in the authors' code. */
  readonly dropout?: readonly number[] | "model";
  /** "official": what the authors' code does, whatever the layers: gcn as the operator, one unit self-loop a node, by P backward too, no root term, no averaged heads, GIN's inner kernels as the others. */
  readonly compat?: "official";
  /** Default "uniform", as in the authors' code. */
  readonly distribution?: VirgoDistribution;
  /** Default: the seed given to `initialize`. */
  readonly seed?: number;
  /** The graph layers, first to last, by their kernels' paths: for a network in plain tfjs-core, or for layers that are not of this package. Default: the model's graph convolutions. */
  readonly layers?: readonly VirgoLayer[];
}

/** What was decided, as JSON. */
export interface VirgoDetails {
  readonly mode: VirgoMode;
  readonly reduce: Reduce;
  readonly distribution: VirgoDistribution;
  readonly classes: number;
  /** First to last; null where the signal dies and the mode does not need it. */
  readonly layers: readonly { readonly layer: string; readonly operator: OperatorName; readonly forward: number | null; readonly backward: number | null; readonly variance: number }[];
  /** By path. */
  readonly kernels: Readonly<Record<string, { readonly variance: number; readonly seed: number }>>;
}

/**
 * Draws the kernels of a model's graph layers anew with Virgo's variances, in place. The statistics are those of the operator that
 * each layer multiplies by (`operator` or `compat: "official"` give another); a root kernel gets its layer's variance, further
 * kernels of a GIN γ / fan-in, 2 / fan-in for a ReLU before them. All other weights stay: attention vectors, dense layers, and biases, which new models have at 0,
 * as the analysis has it.
 *
 * @throws {WarmstartError} NO_MATCH when the model has no graph layer, or `layers` names none of its; MODEL_STATE when no graph is
 *   known; SHAPE_MISMATCH naming the layer whose kernel a plan does not fit; otherwise what `virgoPlan` throws. The model is then unchanged.
 *
 * @see Li, Song, Song, Wipf, ICML 2023, arXiv:2312.02622.
 *
 * @example
 * const { report } = await initialize(model, virgo({ features: x }), { seed: 1 });
 */
export function virgo(options: VirgoOptions = {}): Initializer<LayersModel | Network, Plan<VirgoDetails>> {
  const { mode = "harmonic", reduce = "mean", compat, distribution = "uniform" } = options;
  checkMode("virgo", mode, reduce, compat);
  checkDistribution("virgo", distribution);
  return {
    name: "virgo",
    plan: (target, init) => planVirgo(target, { ...options, mode, reduce, distribution }, init),
    apply: (target, plan) => applyVirgo(asNetwork(target), plan),
  };
}

const asNetwork = (target: LayersModel | Network): Network => ("sites" in target ? target : networkOf(target));

type Settings = VirgoOptions & Required<Pick<VirgoOptions, "mode" | "reduce" | "distribution">>;

async function planVirgo(target: LayersModel | Network, settings: Settings, { seed: given = 0, signal, onProgress }: InitOptions = {}): Promise<Plan<VirgoDetails>> {
  const { mode, reduce, distribution, compat, seed = given } = settings;
  signal?.throwIfAborted();
  const network = asNetwork(target);
  const found = findLayers(target, network, settings);
  const edges = edgesOf("virgo", graphFor(found, settings.graph));
  const features = await readFeatures(settings.features, edges.numNodes);
  const { sizes, operators, notes } = layerSizes(found, edges, settings);
  const classes = classesOf("virgo", settings.numClasses, sizes.at(-1)!.fanOut, mode);
  onProgress?.({ stage: "sending the features over the graph", done: 0, total: 1 });
  await new Promise((resolve) => setTimeout(resolve, 0)); // lets an abort through
  signal?.throwIfAborted();
  const variances = virgoVariances({ caller: "virgo", edges, layers: sizes, mode, reduce, features, classes, official: compat === "official" });
  const wanted = kernelVariances(found, variances, compat === "official");
  const tensors: Record<string, Tensor> = {};
  const kernels: Record<string, { variance: number; seed: number }> = {};
  try {
    for (const [done, { parameter, variance }] of wanted.entries()) {
      const own = subSeed(seed, network.parameters.indexOf(parameter));
      tensors[parameter.path] = drawWithVariance(distribution, parameter.shape, variance, own);
      kernels[parameter.path] = { variance, seed: own };
      onProgress?.({ stage: "drawing kernels", done: done + 1, total: wanted.length });
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal?.throwIfAborted();
    }
  } catch (error) {
    tf.dispose(tensors);
    throw error;
  }
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  const layers = found.map(({ name }, i) => ({ layer: name, operator: operators[i]!, forward: finite(variances.forward[i]!), backward: finite(variances.backward[i]!), variance: variances.variance[i]! }));
  const details: VirgoDetails = { mode, reduce, distribution, classes, layers, kernels };
  return createPlan<VirgoDetails>({
    method: "virgo",
    details,
    targets: network.parameters.flatMap(({ path, shape }, position) => (path in kernels ? [{ path, shape, position }] : [])),
    tensors,
    report: describeVirgo({ details, seed, variances, sizes, nodes: edges.numNodes, edges: edges.src.length, featured: features !== undefined && reduce !== "ones", official: compat === "official", notes }),
  });
}

function findLayers(target: LayersModel | Network, network: Network, { layers }: Settings): FoundLayer[] {
  const known = network.parameters.map(({ path }) => path).join(", ");
  if (layers === undefined && "sites" in target) throw new WarmstartError("NO_MATCH", `virgo: \`layers\` must name the graph layers of a network in plain tfjs-core, first to last, by their kernels' paths: ${known}.`, {});
  const found = layers === undefined ? modelLayers(target as LayersModel, network) : namedLayers(network, layers);
  if (found.length === 0) throw new WarmstartError("NO_MATCH", `virgo: the model has no graph layer. Make its layers with gcnConv, sageConv, gatConv or ginConv, or name kernels by \`layers\`: ${known}.`, {});
  return found;
}

function graphFor(found: readonly FoundLayer[], given: Graph | readonly Graph[] | undefined): Graph | readonly Graph[] {
  if (given !== undefined) return given;
  const graphs = new Set(found.map(({ graph }) => graph));
  const [graph] = graphs;
  if (graph === undefined || graphs.size > 1) throw new WarmstartError("MODEL_STATE", `virgo: ${graphs.size > 1 ? "the graph layers have different graphs, or some have none" : "the graph layers have no graph"}. Give the one that is trained on: virgo({ graph }), or setGraph(model, graph).`, {});
  return graph;
}

async function readFeatures(features: Tensor2D | Features | undefined, numNodes: number): Promise<Features | undefined> {
  if (features === undefined) return undefined;
  if (features instanceof tf.Tensor && (features.rank !== 2 || features.shape[0] !== numNodes)) throw new WarmstartError("SHAPE_MISMATCH", `virgo: features must have shape [${numNodes}, features], a row a node, got [${features.shape}].`, { shape: features.shape, numNodes });
  const values = features instanceof tf.Tensor ? ((await features.data()) as Features) : features;
  checkFeatures("virgo", values, numNodes, undefined);
  return values;
}

/** The layers as the rules see them. */
function layerSizes(found: readonly FoundLayer[], edges: ReturnType<typeof edgesOf>, { operator, operatorOptions, gain, dropout, compat }: Settings): { sizes: VirgoLayerSizes[]; operators: OperatorName[]; notes: string[] } {
  const official = compat === "official";
  for (const [name, list] of [["gain", gain], ["dropout", dropout]] as const) {
    if (Array.isArray(list) && list.length !== found.length) throw new WarmstartError("INVALID_OPTION", `virgo: ${name} must have one entry a graph layer, ${found.length}, got ${list.length}.`, { [name]: list });
  }
  const operatorOf = memoOperators(edges);
  const notes: string[] = [];
  const unknown = gain === undefined ? found.slice(0, -1).filter((layer) => layer.gain === undefined).map(({ name }) => name) : [];
  if (unknown.length > 0) notes.push(`The activation behind ${unknown.join(", ")} is not told by the model: taken for a ReLU. Give \`gain\` if it is another.`);
  const rates = dropout === "model" ? found.map((layer) => layer.dropout) : (dropout ?? found.map(() => 0));
  const operators = found.map((layer) => operator ?? (official ? "gcn" : (layer.operator ?? "gcn")));
  const sizes = found.map((layer, i): VirgoLayerSizes => {
    const { propagated, root, inner, averagedHeads } = layer;
    if (propagated.length === 0) throw new WarmstartError("NO_MATCH", `virgo: layer "${layer.name}" names no kernel behind its propagation.`, { layer: layer.name });
    const heads = official ? 1 : averagedHeads;
    // The operator of a layer has that layer's options; another one the authors' rule for self-loops.
    const own = operators[i] === layer.operator && !official ? layer.operatorOptions : { existingLoops: "replace" as const };
    const [fanIn, width] = propagated[0]!.shape as [number, number];
    const one = Array.isArray(gain) ? (gain as readonly Gain[])[i]! : (gain as Gain | undefined);
    return {
      operator: operatorOf(operators[i]!, { ...own, ...operatorOptions }),
      root: root.length > 0 && !official,
      fanIn,
      fanOut: inner.at(-1)?.shape[1] ?? width / heads,
      gain: activationGain(one ?? (i === found.length - 1 ? "relu" : (layer.gain ?? "relu"))), // the last one's counts for a single layer alone, which is Kaiming's
      factor: layerFactor("virgo", heads, rates[i]!, i),
    };
  });
  const broken = sizes.findIndex(({ fanIn }, i) => i > 0 && fanIn !== sizes[i - 1]!.fanOut);
  if (broken > 0) notes.push(`"${found[broken]!.name}" reads ${sizes[broken]!.fanIn} features, and the graph layer before it gives ${sizes[broken - 1]!.fanOut}: what stands between them is not part of the analysis.`);
  return { sizes, operators, notes };
}

function kernelVariances(found: readonly FoundLayer[], { variance }: VirgoPlan, official: boolean): { parameter: Parameter; variance: number }[] {
  return found.flatMap(({ propagated, root, inner, innerGain }, i) => [
    ...[...propagated, ...root].map((parameter) => ({ parameter, variance: variance[i]! })),
    ...inner.map((parameter) => ({ parameter, variance: official ? variance[i]! : activationGain(innerGain) / parameter.shape[0]! })),
  ]);
}

function applyVirgo(network: Network, plan: Plan): void {
  const { tensors, details } = expectPlan<VirgoDetails>(plan, "virgo", "virgo");
  const byPath = new Map(network.parameters.map((parameter) => [parameter.path, parameter]));
  const known = details.layers.map(({ layer }) => layer);
  for (const [path, value] of Object.entries(tensors)) {
    const shape = byPath.get(path)?.shape;
    const layer = known.findIndex((name) => path === name || path.startsWith(`${name}/`)) + 1;
    if (shape === undefined) throw new WarmstartError("NO_MATCH", `virgo: the network has no parameter "${path}", which the plan writes to. Plan for this network.`, { path });
    if (shape.length !== 2 || shape.some((size, axis) => size !== value.shape[axis])) throw new WarmstartError("SHAPE_MISMATCH", `virgo: graph layer ${layer}, "${path}", expects [${shape}], the plan has [${value.shape}]. Plan for this model.`, { path, layer, expected: shape, received: value.shape });
  }
  // assign shares the buffer, so that the plan may be disposed afterwards.
  for (const [path, value] of Object.entries(tensors)) byPath.get(path)!.variable.assign(value);
}

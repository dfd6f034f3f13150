// The graph convolutions of a model in the order in which it runs them, and what Virgo must know of each.
import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, WarmstartError, type LayerCall, type Network, type Parameter } from "@warmstart/init-core";
import { isActivationName, type Gain } from "./gain.js";
import type { Graph } from "./graph.js";
import { isGraphConvolution } from "./layers/graph-convolution.js";
import type { OperatorName, OperatorOptions } from "./operator.js";

/** One graph layer of a network by the paths of its kernels: for plain tfjs-core, or layers of another kind. */
export interface VirgoLayer {
  /** Path of the kernel behind the propagation, `"in out"`. */
  readonly path: string;
  /** Path of a kernel for the node itself, as in GraphSAGE: it gets the same variance, and counts in the statistics. */
  readonly root?: string;
  /** Paths of further kernels of the layer's own network, as in GIN: they get γ / fan-in, 2 / fan-in for a ReLU. */
  readonly inner?: readonly string[];
  /** What the layer multiplies by. Default: that of the options, else "gcn". */
  readonly operator?: OperatorName;
  readonly operatorOptions?: OperatorOptions;
  /** Heads that the kernel has side by side and the layer averages. Default 1. */
  readonly averagedHeads?: number;
}

/** A layer, its kernels found. */
export interface FoundLayer {
  readonly name: string;
  readonly propagated: readonly Parameter[];
  readonly root: readonly Parameter[];
  readonly inner: readonly Parameter[];
  readonly operator: OperatorName | undefined;
  readonly operatorOptions: OperatorOptions;
  readonly averagedHeads: number;
  readonly graph: Graph | undefined;
  /** Of the activation behind; undefined where the model does not say. */
  readonly gain: Gain | undefined;
  /** Of the activation before the inner kernels. */
  readonly innerGain: Gain;
  /** Rate of the dropout before. */
  readonly dropout: number;
}

const kernel = (network: Network, path: string): Parameter => {
  const parameter = network.parameters.find((one) => one.path === path);
  if (parameter === undefined) throw new WarmstartError("NO_MATCH", `virgo: the network has no parameter "${path}". Known: ${network.parameters.map((one) => one.path).join(", ")}.`, { path });
  if (parameter.shape.length !== 2) throw new WarmstartError("SHAPE_MISMATCH", `virgo: a kernel must have shape [in, out], that of "${path}" is [${parameter.shape}].`, { path, shape: parameter.shape });
  return parameter;
};

/** Those that the options name. */
export const namedLayers = (network: Network, list: readonly VirgoLayer[]): FoundLayer[] =>
  list.map(({ path, root, inner = [], operator, operatorOptions = {}, averagedHeads = 1 }) => ({ name: path, propagated: [kernel(network, path)], root: root === undefined ? [] : [kernel(network, root)], inner: inner.map((one) => kernel(network, one)), operator, operatorOptions, averagedHeads, graph: undefined, gain: undefined, innerGain: "relu", dropout: 0 }));

/** Those that a model has. */
export function modelLayers(model: LayersModel, network: Network): FoundLayer[] {
  const { calls } = layerGraph(model);
  const found = new Map<layers.Layer, FoundLayer>();
  for (const call of calls) {
    const { layer, path } = call;
    if (found.has(layer) || !isGraphConvolution(layer)) continue;
    const of = (role: string) => layer.kernels.filter((one) => one.role === role).map(({ weight }) => kernel(network, `${path}/${weight}`));
    const { operator, operatorOptions, averagedHeads, graph } = layer;
    found.set(layer, { name: path, propagated: of("propagated"), root: of("root"), inner: of("inner"), operator, operatorOptions, averagedHeads, graph, gain: gainBehind(calls, call), innerGain: innerGain(layer), dropout: dropoutBefore(calls, call) });
  }
  return [...found.values()];
}

/** Layers that leave the law of a signal about as it is. */
const passing: readonly string[] = ["Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "BatchNormalization", "LayerNormalization", "GraphNorm"];

/** GIN's `innerActivation`, a ReLU unless it says otherwise. */
function innerGain(layer: layers.Layer): Gain {
  const name = layer.getConfig().innerActivation;
  return typeof name === "string" && isActivationName(name) ? name : "relu";
}

function gainBehind(calls: readonly LayerCall[], from: LayerCall): Gain | undefined {
  const own = from.layer.getConfig().activation;
  if (typeof own === "string" && own !== "linear") return isActivationName(own) ? own : undefined;
  let at = from;
  for (;;) {
    const next = calls.filter(({ inputs }) => inputs.some((input) => at.outputs.includes(input)));
    if (next.length === 0 || next.some(({ layer }) => isGraphConvolution(layer))) return "linear";
    const { layer } = next[0]!;
    const name = layer.getClassName();
    const config = layer.getConfig() as { activation?: string; alpha?: number };
    if (name === "Activation") return isActivationName(config.activation!) ? config.activation : undefined;
    if (name === "ReLU") return "relu";
    if (name === "ELU") return "elu";
    if (name === "LeakyReLU") return 2 / (1 + (config.alpha ?? 0.3) ** 2);
    if (!passing.includes(name)) return undefined;
    at = next[0]!;
  }
}

function dropoutBefore(calls: readonly LayerCall[], from: LayerCall): number {
  for (let at: LayerCall | undefined = from; at !== undefined; ) {
    const before: LayerCall | undefined = calls.find(({ outputs }) => outputs.includes(at!.inputs[0]!));
    if (before?.layer.getClassName() === "Dropout") return (before.layer.getConfig() as { rate: number }).rate;
    at = before !== undefined && ["Activation", "ReLU", "ELU", "LeakyReLU", ...passing].includes(before.layer.getClassName()) ? before : undefined;
  }
  return 0;
}

// What is scored: the kernels of a network, without what turns its output into probabilities.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { disposeModel, layerGraph, networkOf, rewriteModel, WarmstartError, type LayerConfig, type Network, type Parameter, type Role } from "@warmstart/init-core";
import { layerPaths } from "../layer-paths.js";

/** What counts as a kernel. */
export const kernelRoles: readonly Role[] = ["kernel", "depthwise-kernel", "pointwise-kernel", "recurrent-kernel", "embedding"];

export interface PrunableOptions {
  /** Which parameters take part. Default: all kernels (dense, convolution, depthwise, pointwise, recurrent, embedding), trainable or not. */
  readonly include?: (parameter: Parameter) => boolean;
  /** Biases, too, each after its kernel. Default false. */
  readonly includeBiases?: boolean;
}

/** The parameters that are scored, in the network's order, which is that of ties. @throws NO_MATCH. */
export function prunableParameters(network: Network, { include = () => true, includeBiases = false }: PrunableOptions, caller: string): Parameter[] {
  const found = network.parameters.filter((parameter) => (kernelRoles.includes(parameter.role) || (includeBiases && parameter.role === "bias")) && include(parameter));
  if (found.length === 0) throw new WarmstartError("NO_MATCH", `${caller}: no kernel is left to prune. The network has ${network.parameters.map(({ path, role }) => `${path} (${role})`).slice(0, 8).join(", ") || "no parameters"}.`);
  return found;
}

/** A network that gives logits, with what has to be called when it is no longer needed. */
export interface OpenNetwork {
  readonly network: Network;
  readonly close: () => void;
}

/**
 * The network of a target. A LayersModel that ends in softmax or sigmoid is built again with linear outputs, its weights shared: the
 * losses here take logits, and the gradient of summed probabilities is zero. A network by hand is taken as it is.
 */
export function openNetwork(target: LayersModel | Network): OpenNetwork {
  if ("sites" in target) return { network: target, close: () => {} };
  const ends = squashingEnds(target);
  if (ends.length === 0) return { network: networkOf(target), close: () => {} };
  const logits = rewriteModel(target, { edit: (path, layer) => (ends.includes(path) ? linear(layer) : undefined) });
  return { network: networkOf(logits), close: () => disposeModel(logits) };
}

const squashing = ["softmax", "sigmoid"];

/** Paths of the layers that turn logits into probabilities, at the end of the model. */
function squashingEnds(model: LayersModel): string[] {
  const { calls, outputs } = layerGraph(model);
  const paths = layerPaths(model);
  const read = new Set(calls.flatMap(({ inputs }) => inputs));
  return calls.flatMap(({ layer, outputs: made }) => {
    const ends = made.some((name) => outputs.includes(name) && !read.has(name));
    return ends && squashes({ className: layer.getClassName(), config: layer.getConfig() }) ? [paths.get(layer)!] : [];
  });
}

function squashes({ className, config }: LayerConfig): boolean {
  if (className === "TimeDistributed") return squashes(config.layer as LayerConfig);
  return className === "Softmax" || squashing.includes(config.activation as string);
}

function linear({ className, config }: LayerConfig): LayerConfig {
  if (className === "Softmax") return { className: "Activation", config: { name: config.name, trainable: config.trainable, activation: "linear" } };
  return { className, config: { ...config, activation: "linear" } };
}

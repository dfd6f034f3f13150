// The weights of the smaller model out of those of the larger: the first channels of every group.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { networkOf, type Parameter } from "@warmstart/init-core";
import { axisWidth, keptEntries } from "./channel-axis.js";
import type { ChannelGraph, ChannelWeight } from "./channel-graph.js";

/**
 * Every weight of the model with `to` channels in each group: gathered along the axes that hold channels, the rest as they are.
 *
 * @param rescale multiplies each kernel by `√(inputs before / inputs after)`, so that a random start keeps its scale; not for trained weights.
 * @returns values by parameter path; the caller disposes them.
 */
export function slicedWeights(model: LayersModel, graph: ChannelGraph, to: readonly number[], { rescale }: { readonly rescale: boolean }): Record<string, Tensor> {
  const from = graph.groups.map(({ width }) => width);
  const weights = new Map<string, { weight: ChannelWeight; inputRatio: number }>();
  for (const { path, input, weights: own } of graph.layers) {
    const inputRatio = axisWidth(input, from) / axisWidth(input, to);
    for (const weight of own) weights.set(`${path}/${weight.name}`, { weight, inputRatio });
  }
  const valueOf = ({ path, variable }: Parameter) => {
    const { weight, inputRatio } = weights.get(path)!;
    // A depthwise kernel, with one axis of channels, reads one input whatever the width.
    return sliced(variable, weight, from, to, rescale && weight.kernel && weight.axes.length === 2 ? Math.sqrt(inputRatio) : 1);
  };
  return tf.tidy(() => Object.fromEntries(networkOf(model).parameters.map((parameter) => [parameter.path, valueOf(parameter)])));
}

function sliced(variable: Tensor, { axes }: ChannelWeight, from: readonly number[], to: readonly number[], factor: number): Tensor {
  const cut = axes.reduce<Tensor>((value, { axis, channels }) => {
    const kept = keptEntries(channels, from, to);
    return kept.length === value.shape[axis] ? value : tf.gather(value, tf.tensor1d(kept, "int32"), axis);
  }, variable);
  // Also by 1: what gather gives has rank 4 inside the wasm backend, which then refuses it as a bias.
  return cut === variable ? tf.clone(variable) : tf.mul(cut, factor);
}

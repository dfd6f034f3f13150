// The weights of the smaller model out of those of the larger: some channels of every group.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { networkOf, type Parameter } from "@warmstart/init-core";
import { axisWidth, entriesOf } from "./channel-axis.js";
import type { ChannelGraph, ChannelWeight } from "./channel-graph.js";

export interface SliceOptions {
  /** Multiplies each kernel by `√(inputs before / inputs after)`, so that a random start keeps its scale; not for trained weights. */
  readonly rescale: boolean;
  /** What is sliced in place of a weight's own value, of its shape; undefined leaves the weight out. Default: the variable. */
  readonly source?: (parameter: Parameter) => Tensor | undefined;
}

/**
 * Every weight of the model with the channels `kept` of each group, ascending: gathered along the axes that hold channels, the rest as they are.
 *
 * @returns values by parameter path; the caller disposes them.
 */
export function slicedWeights(model: LayersModel, graph: ChannelGraph, kept: readonly (readonly number[])[], { rescale, source = ({ variable }) => variable }: SliceOptions): Record<string, Tensor> {
  const from = graph.groups.map(({ width }) => width);
  const to = kept.map(({ length }) => length);
  const weights = new Map<string, { weight: ChannelWeight; inputRatio: number }>();
  for (const { path, input, weights: own } of graph.layers) {
    const inputRatio = axisWidth(input, from) / axisWidth(input, to);
    for (const weight of own) weights.set(`${path}/${weight.name}`, { weight, inputRatio });
  }
  const slice = (parameter: Parameter): Tensor | undefined => {
    const { weight, inputRatio } = weights.get(parameter.path)!;
    const value = source(parameter);
    // A depthwise kernel, with one axis of channels, reads one input whatever the width.
    return value && sliced(value, weight, from, kept, rescale && weight.kernel && weight.axes.length === 2 ? Math.sqrt(inputRatio) : 1);
  };
  return tf.tidy(() => Object.fromEntries(networkOf(model).parameters.flatMap((parameter) => {
    const value = slice(parameter);
    return value === undefined ? [] : [[parameter.path, value] as const];
  })));
}

function sliced(value: Tensor, { axes }: ChannelWeight, from: readonly number[], kept: readonly (readonly number[])[], factor: number): Tensor {
  const cut = axes.reduce<Tensor>((rest, { axis, channels }) => {
    const entries = entriesOf(channels, from, kept);
    return entries.length === rest.shape[axis] ? rest : tf.gather(rest, tf.tensor1d(entries, "int32"), axis);
  }, value);
  // Also by 1: what gather gives has rank 4 inside the wasm backend, which then refuses it as a bias.
  return cut === value ? tf.clone(value) : tf.mul(cut, factor);
}

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
  const weights = new Map<string, ChannelWeight>(graph.layers.flatMap(({ path, weights: own }) => own.map((weight) => [`${path}/${weight.name}`, weight] as const)));
  return tf.tidy(() => Object.fromEntries(networkOf(model).parameters.map((parameter) => [parameter.path, sliced(parameter, weights.get(parameter.path)!, from, to, rescale)])));
}

function sliced({ variable }: Parameter, { kernel, axes }: ChannelWeight, from: readonly number[], to: readonly number[], rescale: boolean): Tensor {
  const cut = axes.reduce<Tensor>((value, { axis, channels }) => {
    const kept = keptEntries(channels, from, to);
    return kept.length === value.shape[axis] ? value : tf.gather(value, tf.tensor1d(kept, "int32"), axis);
  }, tf.clone(variable));
  const inputs = kernel && axes.length === 2 ? axes[0]!.channels : undefined;
  if (!rescale || inputs === undefined) return cut;
  const ratio = axisWidth(inputs, from) / axisWidth(inputs, to);
  return ratio === 1 ? cut : tf.mul(cut, Math.sqrt(ratio));
}

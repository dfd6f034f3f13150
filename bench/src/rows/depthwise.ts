import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";
import { noise } from "../material.js";
import { timed, timedParts } from "../timed.js";

function operands(batch: number) {
  const inputShape: [number, number, number, number] = [batch, 32, 32, 64];
  const filterShape: [number, number, number, number] = [3, 3, 64, 1];
  const [x, filter, dy] = [noise<tf.Rank.R4>(inputShape, 1), noise<tf.Rank.R4>(filterShape, 2), noise<tf.Rank.R4>(inputShape, 3)];
  return { x, filter, dy, attrs: { strides: [1, 1], pad: "same", dilations: [1, 1], inputShape, filterShape } };
}

export async function prepare({ batch = 32 }: { batch?: number } = {}): Promise<Work> {
  const { x, filter, dy, attrs } = operands(batch);
  return timedParts({
    dX: () => tf.engine().runKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter }, attrs) as tf.Tensor,
    dW: () => tf.engine().runKernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, attrs) as tf.Tensor,
  });
}

export async function prepareForward(): Promise<Work> {
  const { x, filter } = operands(32);
  return timed(() => tf.depthwiseConv2d(x, filter, 1, "same"));
}

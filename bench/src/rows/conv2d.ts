import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";
import { noise } from "../material.js";
import { timed } from "../timed.js";

/** 3 × 3, stride 1, as many channels out as in. */
export interface Convolution {
  readonly batch?: number;
  readonly channels?: number;
}

function operands({ batch = 32, channels = 64 }: Convolution) {
  const inputShape: [number, number, number, number] = [batch, 32, 32, channels];
  const filterShape: [number, number, number, number] = [3, 3, channels, channels];
  const [x, filter, dy] = [noise<tf.Rank.R4>(inputShape, 1), noise<tf.Rank.R4>(filterShape, 2), noise<tf.Rank.R4>(inputShape, 3)];
  return { x, filter, dy, attrs: { strides: [1, 1], pad: "same", dataFormat: "NHWC", inputShape, filterShape } };
}

export async function prepareForward(convolution: Convolution = {}): Promise<Work> {
  const { x, filter } = operands(convolution);
  return timed(() => tf.conv2d(x, filter, 1, "same"));
}

export async function prepareBackpropFilter(convolution: Convolution = {}): Promise<Work> {
  const { x, dy, attrs } = operands(convolution);
  return timed(() => tf.engine().runKernel("Conv2DBackpropFilter", { x, dy }, attrs) as tf.Tensor);
}

export async function prepareBackpropInput(convolution: Convolution = {}): Promise<Work> {
  const { filter, dy, attrs } = operands(convolution);
  return timed(() => tf.engine().runKernel("Conv2DBackpropInput", { dy, filter }, attrs) as tf.Tensor);
}

import * as tf from "@tensorflow/tfjs-core";
import type { NamedAttrMap, NamedTensorMap, Tensor } from "@tensorflow/tfjs-core";

/** Runs a kernel that tfjs exports no operation for; it is recorded like one. */
export function runKernel(name: string, inputs: NamedTensorMap, attrs: Readonly<Record<string, unknown>> = {}): Tensor {
  return tf.engine().runKernel(name, inputs, attrs as unknown as NamedAttrMap) as Tensor;
}

/** Zeros in float32 of the shape of a tensor of any dtype: the gradient towards what does not change the result a little. */
export const noGradient = (tensor: Tensor): Tensor => tf.zeros(tensor.shape);

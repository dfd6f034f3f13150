import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";

/** The gradient towards a tensor of `shape` that was broadcast to that of `dy`: summed over the axes in which it was. A new tensor. */
export function sumTo(dy: Tensor, shape: readonly number[]): Tensor {
  const lead = dy.shape.length - shape.length;
  const axes = dy.shape.flatMap((size, axis) => (axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : []));
  return tf.reshape(axes.length === 0 ? dy : tf.sum(dy, axes), [...shape]);
}

// Softmax over the incoming edges of each row.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import { gatherRows } from "@warmstart/gradients";
import { segmentTop } from "../segment-max.js";
import type { Layout } from "./layout.js";

/** `"E*H"`: of leakyReLU(scores), scores `"E*H"`, the softmax over each row's entries, taken less the row's largest. First order only. */
export function edgeSoftmax(layout: Layout, scores: Tensor1D, negativeSlope: number): Tensor1D {
  const { rows, segments } = layout;
  const sums = (x: Tensor) => gatherRows(tf.unsortedSegmentSum(x, rows, segments.order.size), rows);
  const softmax = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [given, save] = args as [Tensor1D, GradSaveFunc];
    const active = tf.leakyRelu(given, negativeSlope);
    const powers = tf.exp(tf.sub(active, gatherRows(segmentTop(segments, active), rows)));
    const value = tf.div(powers, sums(powers));
    save([given, value]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [given, attention] = saved as [Tensor, Tensor];
        const weighted = tf.mul(attention, dy);
        const slope = tf.add(tf.mul(tf.cast(tf.greater(given, 0), "float32"), 1 - negativeSlope), negativeSlope);
        return tf.mul(tf.sub(weighted, tf.mul(attention, sums(weighted))), slope);
      },
    };
  });
  return softmax(scores) as Tensor1D;
}

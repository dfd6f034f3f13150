import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";

/** The sign of each row's entry of largest magnitude, the first on ties, `"k 1"`: multiplying by it makes that entry positive. Inside `tidy`. */
export function peakSigns(rows: Tensor2D): Tensor2D {
  const [count, width] = rows.shape;
  const peak = tf.slice(tf.oneHot(tf.argMax(tf.abs(rows), 1), Math.max(2, width)), [0, 0], [count, width]); // oneHot takes no depth of 1
  return tf.sign(tf.sum(tf.mul(rows, peak), 1, true)) as Tensor2D;
}

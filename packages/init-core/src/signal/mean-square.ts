// Mean squares without overflow: squares of what float32 can hold need not fit into float32.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";

/** `[m, mean((x / m)²)]` with the largest magnitude m: a mean square on the backend, read by `meanSquare`. The caller disposes it. */
export function scaledSquare(x: Tensor): Tensor1D {
  return tf.tidy(() => {
    const float = tf.cast(x, "float32");
    const largest = tf.max(tf.abs(float));
    return tf.stack([largest, tf.mean(tf.square(tf.div(float, tf.maximum(largest, 1e-37))))]) as Tensor1D;
  });
}

/** The mean square from the two figures of `scaledSquare`, in float64. NaN if any entry was NaN or infinite. */
export const meanSquare = (largest: number, scaled: number): number => largest * largest * scaled;

/** Figures of many tensors in one read, tensor by tensor. */
export async function readFigures(figures: readonly Tensor1D[]): Promise<number[][]> {
  if (figures.length === 0) return [];
  const joined = tf.concat1d([...figures]);
  try {
    const values = await joined.data();
    let at = 0;
    return figures.map(({ size }) => Array.from(values.slice(at, (at += size))));
  } finally {
    joined.dispose();
  }
}

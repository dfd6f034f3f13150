import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { LoraFactors } from "../adapter.js";

export interface EvaFactorsOptions {
  readonly r: number;
  /** Columns of the kernel. */
  readonly out: number;
  /** Divides direction j by √σ_j. Default false. */
  readonly whiten?: boolean;
  /** Multiplies direction j by σ_j / σ_1 (an option of the authors' own code). Default false. */
  readonly scaleBySingularValues?: boolean;
}

/**
 * `down` `"in r"`: the first `r` directions as columns; `up` `"r out"`: zero, so that the output starts equal to the base's.
 * The caller disposes them. Directions without variance (σ = 0) keep their length.
 *
 * @param components `"k in"`, k ≥ r, and their singular values; they stay the caller's.
 */
export function evaFactors(components: Tensor2D, singularValues: ArrayLike<number>, { r, out, whiten = false, scaleBySingularValues = false }: EvaFactorsOptions): LoraFactors {
  const lengths = Array.from({ length: r }, (_, j) => {
    const sigma = singularValues[j]!;
    if (!(sigma > 0)) return 1;
    return (whiten ? 1 / Math.sqrt(sigma) : 1) * (scaleBySingularValues ? sigma / singularValues[0]! : 1);
  });
  return tf.tidy(() => ({ down: tf.mul(tf.transpose(tf.slice(components, [0, 0], [r, components.shape[1]])), tf.tensor1d(lengths)), up: tf.zeros([r, out]) }));
}

// Gradient signal-to-noise ratio (Xu, Xiang, Cai, Wen, arXiv:2412.11768; code: SGD_SaI 1.0.3): G = ‖g‖ / (std(g) + ε), std with N − 1.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";

/**
 * What the gain of a gradient without spread is: one element, all elements equal, or all zero. "sqrt-numel": √N, the value that a
 * gradient of mean 0 has. "official": what the published code computes there, ‖g‖/ε and, for zeros, 0: such a tensor never trains.
 */
export type DegenerateGain = "sqrt-numel" | "official";

export interface GsnrOptions {
  /** Added to the standard deviation. Default 1e-8. */
  readonly epsilon?: number;
  readonly degenerate?: DegenerateGain;
}

/** Below this spread, of a gradient whose largest entry is 1, float32 sees only rounding. */
const noSpread = 1e-6;
/** The same for {@link gSNROfSums}, in which squares cancel: a deviation of a hundredth of the root mean square. */
const noSpreadInSums = 1e-2;

/**
 * The gain of a tensor by its first gradient. At least √(N − 1); about √N for a mean near 0. Nothing is read back from the backend.
 * The gradient is divided by its largest entry first, so that neither 1e20 nor 1e-25 leaves the range of float32.
 *
 * @param gradient of any shape; stays the caller's.
 * @returns a scalar, which the caller disposes; NaN for a gradient that is not finite.
 */
export function gSNR(gradient: Tensor, { epsilon = 1e-8, degenerate = "sqrt-numel" }: GsnrOptions = {}): Scalar {
  const { size } = gradient;
  return tf.tidy(() => {
    const largest = tf.max(tf.abs(gradient));
    const scale = tf.where(tf.equal(largest, 0), tf.onesLike(largest), largest);
    const scaled = tf.div(gradient, scale);
    const norm = tf.sqrt(tf.sum(tf.square(scaled)));
    const deviation = size === 1 ? tf.mul(norm, 0) : tf.sqrt(tf.div(tf.sum(tf.square(tf.sub(scaled, tf.mean(scaled)))), size - 1));
    return gain(norm, deviation, tf.greater(deviation, noSpread), tf.div(epsilon, scale), size, degenerate);
  });
}

/**
 * The same by the sum and the sum of squares alone: a quarter of the time. To four digits where the deviation is at least a tenth of
 * the root mean square; below a hundredth, and for entries beyond 1e-19 … 1e19, it sees no spread or nothing finite.
 */
export function gSNROfSums(gradient: Tensor, { epsilon = 1e-8, degenerate = "sqrt-numel" }: GsnrOptions = {}): Scalar {
  const { size } = gradient;
  return tf.tidy(() => {
    const squares = tf.sum(tf.square(gradient));
    const about = tf.relu(tf.sub(squares, tf.div(tf.square(tf.sum(gradient)), size))); // Σ(g − mean)²
    const spread = tf.greater(about, tf.mul(squares, noSpreadInSums ** 2));
    return gain(tf.sqrt(squares), tf.sqrt(tf.div(about, Math.max(size - 1, 1))), spread, epsilon, size, degenerate);
  });
}

/** ‖g‖ / (std + ε), with what is degenerate decided. */
function gain(norm: Tensor, deviation: Tensor, spread: Tensor, epsilon: Tensor | number, size: number, degenerate: DegenerateGain): Scalar {
  const official = degenerate === "official";
  // In what the published code does, a spread that is rounding is none, and 0/0 for a single element is 0.
  const noise = official ? tf.where(spread, deviation, tf.zerosLike(deviation)) : deviation;
  const ratio = tf.div(norm, tf.add(noise, epsilon));
  if (official) return ratio as Scalar;
  const fallback = tf.add(tf.fill([], Math.sqrt(size)), tf.mul(norm, 0)); // NaN where the gradient is
  return tf.where(spread, ratio, fallback) as Scalar;
}

// Principal components of a layer's inputs, from a stream. Three algorithms keep to this interface.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { peakSigns } from "../peak-signs.js";

export interface PrincipalComponents {
  /** `"k width"`, one direction a row, the strongest first; each row's entry of largest magnitude is positive. The caller disposes it. */
  readonly components: Tensor2D;
  /** σ_j: σ_j² is the sum of squares along direction j. */
  readonly singularValues: Float64Array;
  /** σ_j² over the whole (centred) sum of squares, 0 where there is none. */
  readonly ratio: Float64Array;
}

export interface PrincipalOptions {
  /** Default true. False may leave directions nearly orthonormal, of either sign and incomplete: enough to compare them with the next ones. */
  readonly polish?: boolean;
}

/** Owns its tensors. */
export interface StreamingComponents {
  readonly width: number;
  /** Rows seen. */
  readonly rows: number;
  /** Bytes of state on the backend. */
  readonly bytes: number;
  /** Adds rows, `"rows width"`, finite; they stay the caller's. */
  update(rows: Tensor2D): void | Promise<void>;
  /** The `k ≤ width` strongest directions of what was seen so far; completed by arbitrary orthonormal ones where the data have fewer. */
  principal(k: number, options?: PrincipalOptions): Promise<PrincipalComponents>;
  /** `"width"`; the caller disposes it. */
  mean(): Tensor1D;
  /** Sum of squares over all columns, about the mean (or about zero when not centred). */
  totalVariance(): Promise<number>;
  dispose(): void;
}

/** Flips rows so that each one's entry of largest magnitude is positive. */
export function positivePeaks(rows: Tensor2D): Tensor2D {
  return tf.tidy(() => tf.mul(rows, peakSigns(rows)));
}

/**
 * σ from eigenvalues of a scatter matrix that was summed in float32: what is below the sums' own rounding (ε · total) is no
 * direction of the data and counts as 0.
 */
export function singularValuesOf(eigenvalues: ArrayLike<number>, total: number): Float64Array {
  const floor = 2 ** -23 * total;
  return Float64Array.from(eigenvalues, (value) => (value > floor ? Math.sqrt(value) : 0));
}

export function ratios(singularValues: Float64Array, total: number): Float64Array {
  return singularValues.map((sigma) => (total > 0 ? Math.min(1, (sigma * sigma) / total) : 0));
}

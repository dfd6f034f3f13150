// The low-rank part of an adapted map, as tensor operations: what the layers and the variables of tfjs-core share.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";

/** The factors behind `down`. */
export interface Expansion {
  readonly core?: Tensor;
  readonly up: Tensor;
  readonly scale: number;
}

/**
 * `scale · (reduced · core) · up` for `reduced = x·down`, `"rows r"`; the result is `"rows out"`. Differentiable. The scale
 * meets the narrow side, `r` columns instead of `out`, forward and backward.
 */
export function expand(reduced: Tensor, { core, up, scale }: Expansion): Tensor2D {
  const middle = core === undefined ? reduced : tf.matMul(reduced as Tensor2D, core as Tensor2D);
  return tf.matMul((scale === 1 ? middle : tf.mul(middle, scale)) as Tensor2D, up as Tensor2D);
}

/** `scale · down · core · up` in the kernel's `shape`. Differentiable; the caller disposes it. */
export function productOf(factors: Expansion & { readonly down: Tensor }, shape: readonly number[]): Tensor {
  return tf.tidy(() => tf.reshape(expand(factors.down, factors), [...shape]));
}

// Long causal convolution with its gradient, on every backend.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { requireShape } from "./check.js";
import { convolve, correlate } from "./toeplitz.js";

/**
 * y[b, h, t] = Σ_{j ≤ t} k[h, j] u[b, h, t−j]: each feature convolved with its own kernel, from the left, nothing wrapped around.
 *
 * Blocks of a Toeplitz matrix, so L² products but only matMul, gather and pad; memory of the order of the input and of 4 H L to 16 H L numbers. Has a gradient of its own,
 * which tfjs' FFT lacks: du[t] = Σ_j k[j] dy[t+j], dk[j] = Σ_batch Σ_t dy[t] u[t−j]. First order only.
 *
 * @param u `"B H L"`; integers are cast to float32. NaN and infinity spread over the block they are in, and from there on.
 * @param kernel `"H K"`; entries from L on have no effect.
 * @returns `"B H L"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes.
 *
 * @example
 * const y = causalConv(u, s4dKernel(ssm, u.shape[2]));
 */
export function causalConv(u: Tensor3D, kernel: Tensor2D): Tensor3D {
  requireShape("causalConv", "u", u.shape, [null, null, null], "Its axes are batch, features and time.");
  requireShape("causalConv", "kernel", kernel.shape, [u.shape[1], null], "It has one row a feature of `u`, whose axes are batch, features and time.");
  return tf.tidy(() => {
    const length = u.shape[2];
    const taps = Math.min(length, kernel.shape[1]);
    const used = taps < kernel.shape[1] ? tf.slice(kernel, [0, 0], [kernel.shape[0], taps]) : kernel;
    return product(tf.cast(u, "float32"), tf.cast(used, "float32")) as Tensor3D;
  });
}

/**
 * y[t] = Σ_j causal[j] u[t−j] + Σ_j anticausal[j] u[t+1+j]: two kernels, the second over what is yet to come. It leaves u[t] out, as the authors' code does on purpose.
 *
 * @param u `"B H L"`.
 * @param causal `"H K"`. @param anticausal `"H K'"`.
 * @returns `"B H L"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes.
 */
export function bidirectionalConv(u: Tensor3D, causal: Tensor2D, anticausal: Tensor2D): Tensor3D {
  return tf.tidy(() => {
    const forth = causalConv(u, causal);
    requireShape("bidirectionalConv", "anticausal", anticausal.shape, [u.shape[1], null], "It has one row a feature of `u`, like `causal`.");
    return bothWays(forth, tf.reverse(causalConv(tf.reverse(u, 2), anticausal), 2));
  });
}

/** forth[t] + back[t + 1], where back[t] = Σ_j anticausal[j] u[t+j]. Inside a tidy. */
export function bothWays(forth: Tensor, back: Tensor): Tensor3D {
  const [batch, features, length] = back.shape as [number, number, number];
  return tf.add(forth, tf.pad(tf.slice(back, [0, 0, 1], [batch, features, length - 1]), [[0, 0], [0, 0], [0, 1]])) as Tensor3D;
}

const product = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
  const [u, kernel, save] = args as [Tensor3D, Tensor2D, GradSaveFunc];
  save([u, kernel]);
  return {
    value: convolve(u, kernel),
    gradFunc: (dy: Tensor, saved: Tensor[]) => {
      const [u, kernel] = saved as [Tensor3D, Tensor2D];
      return [tf.reverse(convolve(tf.reverse(dy as Tensor3D, 2), kernel), 2), correlate(dy as Tensor3D, u, kernel.shape[1])];
    },
  };
});

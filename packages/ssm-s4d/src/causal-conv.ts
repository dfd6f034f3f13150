// Long causal convolution with its gradient, on every backend.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { requireKernels } from "@warmstart/init-core";
import { requireChoice, requireShape } from "./check.js";
import { chooseConvolution } from "./choose-convolution.js";
import { convolveByFft, fftKernels, gradientsByFft } from "./fft-conv.js";
import { convolve, gradients } from "./toeplitz.js";

export interface CausalConvOptions {
  /**
   * `"fft"`: transforms, of the order of L log L. `"toeplitz"`: blocks of a matrix, L² products, of matMul, gather, slice and pad alone, which every backend has.
   * `"auto"`: what was measured to be faster on the backend in use at this length. Default `"auto"`.
   */
  readonly algorithm?: "auto" | "fft" | "toeplitz";
}

/**
 * y[b, h, t] = Σ_{j ≤ t} k[h, j] u[b, h, t−j]: each feature convolved with its own kernel, from the left, nothing wrapped around.
 *
 * Has a gradient of its own, which tfjs' FFT lacks: du[t] = Σ_j k[j] dy[t+j], dk[j] = Σ_batch Σ_t dy[t] u[t−j]. First order only. For the gradient it keeps `u` and `kernel` and nothing else.
 *
 * By transforms, two sequences of the batch share one: rounding errors are relative to the larger of the two, and NaN and infinity in `u` make all of both NaN, in `kernel` all of its feature.
 * By Toeplitz blocks they spread over the block they are in, and from there on. Memory beyond input and output: some 30 H L numbers, or 4 H L to 16 H L.
 *
 * @param u `"B H L"`; integers are cast to float32.
 * @param kernel `"H K"`; entries from L on have no effect.
 * @returns `"B H L"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes; INVALID_OPTION for an unknown algorithm; BACKEND for `"fft"` on a backend without transforms, as WebAssembly is without @warmstart/wasm-training.
 *
 * @example
 * const y = causalConv(u, s4dKernel(ssm, u.shape[2]));
 */
export function causalConv(u: Tensor3D, kernel: Tensor2D, { algorithm = "auto" }: CausalConvOptions = {}): Tensor3D {
  requireShape("causalConv", "u", u.shape, [null, null, null], "Its axes are batch, features and time.");
  requireShape("causalConv", "kernel", kernel.shape, [u.shape[1], null], "It has one row a feature of `u`, whose axes are batch, features and time.");
  requireChoice("causalConv", "algorithm", algorithm, ["auto", "fft", "toeplitz"]);
  if (algorithm === "fft") requireKernels(fftKernels, 'causalConv with `algorithm: "fft"`');
  return tf.tidy(() => {
    const length = u.shape[2];
    const taps = Math.min(length, kernel.shape[1]);
    const used = taps < kernel.shape[1] ? tf.slice(kernel, [0, 0], [kernel.shape[0], taps]) : kernel;
    const product = products[algorithm === "auto" ? chooseConvolution(length) : algorithm];
    return product(tf.cast(u, "float32"), tf.cast(used, "float32")) as Tensor3D;
  });
}

/**
 * y[t] = Σ_j causal[j] u[t−j] + Σ_j anticausal[j] u[t+1+j]: two kernels, the second over what is yet to come. It leaves u[t] out, as the authors' code does on purpose.
 *
 * @param u `"B H L"`.
 * @param causal `"H K"`. @param anticausal `"H K'"`. @param options those of causalConv.
 * @returns `"B H L"`; the caller disposes it.
 * @throws {WarmstartError} as causalConv.
 */
export function bidirectionalConv(u: Tensor3D, causal: Tensor2D, anticausal: Tensor2D, options: CausalConvOptions = {}): Tensor3D {
  return tf.tidy(() => {
    const forth = causalConv(u, causal, options);
    requireShape("bidirectionalConv", "anticausal", anticausal.shape, [u.shape[1], null], "It has one row a feature of `u`, like `causal`.");
    return bothWays(forth, tf.reverse(causalConv(tf.reverse(u, 2), anticausal, options), 2));
  });
}

/** forth[t] + back[t + 1], where back[t] = Σ_j anticausal[j] u[t+j]. Inside a tidy. */
export function bothWays(forth: Tensor, back: Tensor): Tensor3D {
  const [batch, features, length] = back.shape as [number, number, number];
  return tf.add(forth, tf.pad(tf.slice(back, [0, 0, 1], [batch, features, length - 1]), [[0, 0], [0, 0], [0, 1]])) as Tensor3D;
}

const differentiable = (convolve: (u: Tensor3D, k: Tensor) => Tensor3D, gradients: (dy: Tensor3D, u: Tensor3D, k: Tensor) => [Tensor3D, Tensor]) =>
  tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [u, kernel, save] = args as [Tensor3D, Tensor2D, GradSaveFunc];
    save([u, kernel]);
    return {
      value: convolve(u, kernel),
      gradFunc: (dy: Tensor, saved: Tensor[]) => gradients(dy as Tensor3D, ...(saved as [Tensor3D, Tensor2D])),
    };
  });

const products = { fft: differentiable(convolveByFft, gradientsByFft), toeplitz: differentiable(convolve, gradients) };

// The convolution kernel of S4D (Gu et al. 2022, arXiv:2206.11893, §3.2–3.3) and, as "dss", that of DSS (Gupta, Gu, Berant 2022, arXiv:2203.14343).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-core";
import { requireChoice, requireInteger, requirePositive } from "./check.js";
import { inputStep, type Discretization } from "./discretize.js";
import { complexExpm1 } from "./elementary.js";
import { complete, multiply, requireSsm, type ComplexPair, type FullSsm, type Ssm } from "./ssm.js";
import { bilinearLog, multiplyConjugate, scaled } from "./transition.js";
import { chunkOf, vandermonde } from "./vandermonde.js";

export interface S4DKernelOptions {
  /** "dss" is the softmax kernel of DSS: tied to one length, without the factor 2, no recurrence. Default "zoh". */
  readonly method?: Discretization | "dss";
  /** Multiplies Δ: 2 for data at half the sampling frequency of training. Default 1. */
  readonly rate?: number;
  /** "chunked": O(H M √L) exponentials and memory; "naive": O(H M L) of both, the same numbers up to rounding. Default "chunked". */
  readonly algorithm?: "chunked" | "naive";
  /** Modes with Δ|Im A| / 2π ≥ bandlimit / 2 are left out (Δ before the rate); 1 is the Nyquist frequency, null none. Default null. */
  readonly bandlimit?: number | null;
}

/** Modes grow above this real part; kernels hold it there. */
export const mostGrowth = -1e-4;

/**
 * The kernel K[l] = 2 Re Σ_m C_m B̄_m Ā_m^l, l = 0 … length − 1. Differentiable; no complex tensors.
 *
 * For "zoh" and "bilinear" a real part of A above −1e-4 counts as −1e-4, without a gradient there, so that no mode grows. "dss" takes any sign.
 *
 * @param ssm real models leave the imaginary parts out; the factor 2 stays.
 * @param length `L`, at least 1.
 * @returns `"H L"`, or `"channels H L"` when C has channels; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH when the tensors do not fit together, INVALID_OPTION for a bad length, method, algorithm, rate or bandlimit.
 *
 * @example
 * const kernel = s4dKernel(ssm, 1024, { method: "bilinear" });
 */
export function s4dKernel(ssm: Ssm & { readonly cRe: Tensor2D }, length: number, options?: S4DKernelOptions): Tensor2D;
export function s4dKernel(ssm: Ssm & { readonly cRe: Tensor3D }, length: number, options?: S4DKernelOptions): Tensor3D;
export function s4dKernel(ssm: Ssm, length: number, options?: S4DKernelOptions): Tensor2D | Tensor3D;
export function s4dKernel(ssm: Ssm, length: number, { method = "zoh", rate = 1, algorithm = "chunked", bandlimit = null }: S4DKernelOptions = {}): Tensor2D | Tensor3D {
  requireSsm("s4dKernel", ssm);
  requireInteger("s4dKernel", "length", length, 1, "It counts the entries of the kernel.");
  requireChoice("s4dKernel", "method", method, ["zoh", "bilinear", "dss"]);
  requireChoice("s4dKernel", "algorithm", algorithm, ["chunked", "naive"]);
  return tf.tidy(() => {
    const full = complete("s4dKernel", bandLimited("s4dKernel", ssm, bandlimit), rate);
    const chunk = algorithm === "naive" ? length : chunkOf(length);
    const kernel = method === "dss" ? softmaxKernel(full, length, chunk) : stepKernel(damped(full), method, length, chunk);
    return (full.oneChannel ? tf.squeeze(kernel, [0]) : kernel) as Tensor2D | Tensor3D;
  });
}

/** log Ā, so that Ā^l = e^{l log Ā} to full precision. Inside a tidy. */
export const logStep = (full: FullSsm, method: Discretization): ComplexPair => (method === "zoh" ? scaled(full) : bilinearLog(scaled(full)));

/** Re A held below 0. Inside a tidy. */
export const damped = (full: FullSsm): FullSsm => ({ ...full, a: { re: tf.minimum(full.a.re, mostGrowth), im: full.a.im } });

const stepKernel = (full: FullSsm, method: Discretization, length: number, chunk: number) => vandermonde(multiply(full.c, inputStep(full, method)), logStep(full, method), length, chunk);

/** The model without the modes whose frequency, in cycles a step before the rate, is at least half the limit. Inside a tidy. */
export function bandLimited(where: string, ssm: Ssm, bandlimit: number | null): Ssm {
  if (bandlimit === null) return ssm;
  requirePositive(where, "bandlimit", bandlimit, "1 is the Nyquist frequency; null keeps every mode.");
  if (ssm.aIm === undefined) return ssm;
  const kept = tf.step(tf.sub(bandlimit / 2, tf.div(tf.mul(tf.expandDims(ssm.dt, 1), tf.abs(ssm.aIm)), 2 * Math.PI)));
  const left = <T extends Tensor>(c: T): T => tf.mul(c, kept);
  return { ...ssm, cRe: left(ssm.cRe), cIm: ssm.cIm && left(ssm.cIm) };
}

/**
 * K[l] = Re Σ B C (e^{z} − 1) / ((e^{Lz} − 1) A) e^{ΔA l}, z = ΔA. Where Re A > 0 the exponent counts from the end, and z = −ΔA.
 * 1/x stands for x̄ / (|x|² + 1e-7), as in DSS.
 */
function softmaxKernel(full: FullSsm, length: number, chunk: number): Tensor3D {
  const z = scaled(full);
  const growing = tf.step(full.a.re);
  const sign = tf.sub(1, tf.mul(2, growing));
  const inward = { re: tf.mul(z.re, sign), im: tf.mul(z.im, sign) };
  const whole = { re: tf.mul(inward.re, length), im: tf.mul(inward.im, length) };
  const below = multiply(complexExpm1(whole), full.a);
  const above = multiplyConjugate(complexExpm1(inward), below);
  const norm = tf.add(tf.add(tf.square(below.re), tf.square(below.im)), 1e-7);
  const weights = multiply(multiply(full.c, full.b), { re: tf.div(above.re, norm), im: tf.div(above.im, norm) });
  const end = tf.mul(growing, 1 - length);
  const shift = { re: tf.mul(z.re, end), im: tf.mul(z.im, end) };
  return tf.mul(0.5, vandermonde(weights, z, length, chunk, shift)) as Tensor3D;
}

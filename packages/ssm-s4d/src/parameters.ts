// The parameters that are trained, as the authors' minimal file keeps them (models/s4/s4d.py), with B beside them as in the full one.
import * as tf from "@tensorflow/tfjs-core";
import type { Rank, Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { requireInteger } from "./check.js";
import { sampleC, sampleD, sampleLogDt } from "./draws.js";
import { s4dInit, type S4DInit, type S4DInitOptions } from "./s4d-init.js";
import { type Ssm } from "./ssm.js";

/** Trainable parameters: −Re A and Δ are kept as logarithms, everything else as it is. */
export interface S4DParameters {
  /** `"H"`: log Δ. */
  readonly logDt: Tensor1D;
  /** `"H M"`: log(−Re A). */
  readonly logAReal: Tensor2D;
  /** `"H M"`: Im A. */
  readonly aImag: Tensor2D;
  /** `"H M"`; B only matters in its product with C, so it may stay fixed. */
  readonly bRe: Tensor2D;
  readonly bIm: Tensor2D;
  /** `"H M"`, or `"channels H M"`. */
  readonly cRe: Tensor<Rank.R2 | Rank.R3>;
  readonly cIm: Tensor<Rank.R2 | Rank.R3>;
  /** `"H"`: skip. */
  readonly d: Tensor1D;
}

export interface S4DParametersOptions extends S4DInitOptions {
  /** Spectrum of A. Default "legs". */
  readonly init?: S4DInit;
  /** Smallest step; choose 1 / dtMin at least as large as the longest dependency. Default 1e-3. */
  readonly dtMin?: number;
  /** Default 1e-1. */
  readonly dtMax?: number;
  /** Outputs of each feature, 2 for a bidirectional model. Default 1, without an axis of its own. */
  readonly channels?: number;
}

/**
 * Starting values of all parameters of `features` state space models.
 *
 * With one seed every parameter has numbers of its own, the same on every backend. A generator is used up in the order A, B (see {@link s4dInit}), log Δ, Re C, Im C, D.
 *
 * @returns tensors; the caller disposes them, `tf.dispose(parameters)`, or makes variables of them.
 * @throws {WarmstartError} INVALID_OPTION as {@link s4dInit} and {@link sampleLogDt}, and for channels below 1.
 *
 * @example
 * const parameters = createParameters({ features: 8, dState: 64, init: "inv", seed: 1 });
 */
export function createParameters(options: S4DParametersOptions = {}): S4DParameters {
  const { init = "legs", features = 1, dState = 64, channels = 1, seed = 0, dtMin = 1e-3, dtMax = 1e-1 } = options;
  requireInteger("createParameters", "channels", channels, 1, "2 is for a bidirectional model.");
  const start = s4dInit(init, options);
  const logDt = sampleLogDt(features, { dtMin, dtMax, seed });
  const shape: [number, number] = [features, dState / 2];
  const c = sampleC(channels * features * (dState / 2), seed);
  const d = sampleD(features, seed);
  const matrix = (data: Float64Array) => tf.tensor2d(Float32Array.from(data), shape);
  const output = (data: Float64Array) => (channels === 1 ? matrix(data) : tf.tensor3d(Float32Array.from(data), [channels, ...shape]));
  return {
    logDt: tf.tensor1d(Float32Array.from(logDt)),
    logAReal: matrix(start.aRe.map((re) => Math.log(-re))),
    aImag: matrix(start.aIm),
    bRe: matrix(start.bRe),
    bIm: matrix(start.bIm),
    cRe: output(c.re),
    cIm: output(c.im),
    d: tf.tensor1d(Float32Array.from(d)),
  };
}

/** e^θ neither vanishes nor overflows between these. Not by clipByValue, which makes a number of NaN on WebAssembly. */
export const logBounds = [-20, 5] as const;

/**
 * The model that parameters stand for: A = −exp(logAReal) + i aImag, Δ = exp(logDt); both logarithms are clamped to [−20, 5] first, so that a diverging step cannot make Δ infinite. Differentiable.
 *
 * @param parameters tensors or variables; B may be left out.
 * @returns `dt`, `aRe` and the given tensors themselves; the caller disposes `dt` and `aRe`. Call it in a tidy.
 */
export function ssmOf({ logDt, logAReal, aImag, bRe, bIm, cRe, cIm }: Omit<S4DParameters, "d" | "bRe" | "bIm"> & Partial<Pick<S4DParameters, "bRe" | "bIm">>): Ssm {
  const [lowest, highest] = logBounds;
  const exp = <T extends Tensor>(theta: T): T => tf.tidy(() => tf.exp(tf.maximum(tf.minimum(theta, highest), lowest)) as T);
  return { dt: exp(logDt), aRe: tf.tidy(() => tf.neg(exp(logAReal))), aIm: aImag, bRe, bIm, cRe, cIm };
}

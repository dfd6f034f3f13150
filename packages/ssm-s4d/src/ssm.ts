// The state space model that all tensor functions take, complex numbers as two real tensors.
import * as tf from "@tensorflow/tfjs-core";
import type { Rank, Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";
import { requirePositive, requireShape } from "./check.js";

/**
 * H independent diagonal state space models x' = A x + B u, y = 2 Re(C x), M modes each: one of every conjugate pair.
 * An imaginary part that is left out is 0; a B that is left out is 1. The tensors stay the caller's.
 */
export interface Ssm {
  /** `"H"`: the step Δ, above 0. */
  readonly dt: Tensor1D;
  /** `"H M"`: below 0. */
  readonly aRe: Tensor2D;
  readonly aIm?: Tensor2D | undefined;
  /** `"H M"` */
  readonly bRe?: Tensor2D | undefined;
  readonly bIm?: Tensor2D | undefined;
  /** `"H M"`, or `"channels H M"` for several outputs of each feature. */
  readonly cRe: Tensor<Rank.R2 | Rank.R3>;
  readonly cIm?: Tensor<Rank.R2 | Rank.R3> | undefined;
}

/** A complex tensor as two real ones. */
export interface ComplexPair<T extends Tensor = Tensor> {
  readonly re: T;
  readonly im: T;
}

/** An Ssm with everything filled in, inside a tidy. */
export interface FullSsm {
  readonly dt: Tensor2D; // "H 1", times the rate
  readonly a: ComplexPair;
  readonly b: ComplexPair;
  readonly c: ComplexPair; // "channels H M"
  readonly oneChannel: boolean;
}

/** Sizes of an Ssm. Throws `SHAPE_MISMATCH` when its tensors do not fit together. */
export function requireSsm(where: string, ssm: Omit<Ssm, "cRe"> & Partial<Ssm>): { features: number; modes: number } {
  requireShape(where, "dt", ssm.dt.shape, [null], "It holds one step a feature.");
  const features = ssm.dt.shape[0];
  requireShape(where, "aRe", ssm.aRe.shape, [features, null], "Rows are features, as in `dt`.");
  const modes = ssm.aRe.shape[1];
  for (const name of ["aIm", "bRe", "bIm"] as const) if (ssm[name] !== undefined) requireShape(where, name, ssm[name].shape, [features, modes], "It must have the shape of `aRe`.");
  if (ssm.bIm !== undefined && ssm.bRe === undefined) throw new WarmstartError("INVALID_OPTION", `${where}: \`bRe\` must be given where \`bIm\` is, got undefined. Give both or none.`, {});
  if (ssm.cRe !== undefined) {
    const channels = ssm.cRe.shape.length === 3 ? [null] : [];
    requireShape(where, "cRe", ssm.cRe.shape, [...channels, features, modes], "The last two axes are features and modes (dState / 2 conjugate pairs), as in `aRe`.");
    if (ssm.cIm !== undefined) requireShape(where, "cIm", ssm.cIm.shape, ssm.cRe.shape, "It must have the shape of `cRe`.");
  }
  return { features, modes };
}

/** Everything filled in. Call inside a tidy, after requireSsm. */
export function complete(where: string, ssm: Ssm, rate: number): FullSsm {
  requirePositive(where, "rate", rate, "2 stands for data at half the sampling frequency, 1 for data as in training.");
  const pair = (re: Tensor, im: Tensor | undefined): ComplexPair => ({ re, im: im ?? tf.zerosLike(re) });
  const channels = (t: Tensor | undefined) => (t === undefined || t.rank === 3 ? t : tf.expandDims(t, 0));
  return {
    dt: tf.mul(tf.expandDims(ssm.dt, 1), rate),
    a: pair(ssm.aRe, ssm.aIm),
    b: pair(ssm.bRe ?? tf.onesLike(ssm.aRe), ssm.bIm),
    c: pair(channels(ssm.cRe)!, channels(ssm.cIm)),
    oneChannel: ssm.cRe.rank === 2,
  };
}

export const multiply = (x: ComplexPair, y: ComplexPair): ComplexPair => ({
  re: tf.sub(tf.mul(x.re, y.re), tf.mul(x.im, y.im)),
  im: tf.add(tf.mul(x.re, y.im), tf.mul(x.im, y.re)),
});

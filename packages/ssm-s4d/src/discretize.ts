// From the continuous model to steps of length Δ: zero-order hold and the bilinear rule (Gu et al. 2022, arXiv:2206.11893, §3.3).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { requireChoice } from "./check.js";
import { complexExp, complexExpm1 } from "./elementary.js";
import { complete, multiply, requireSsm, type ComplexPair, type FullSsm, type Ssm } from "./ssm.js";
import { bilinearStep, divide, scaled } from "./transition.js";

/** "zoh": the input is held over a step; "bilinear": the trapezoidal rule. */
export type Discretization = "zoh" | "bilinear";

export interface DiscretizeOptions {
  /** Default "zoh". */
  readonly method?: Discretization;
  /** Multiplies Δ: 2 for data at half the sampling frequency of training. Default 1. */
  readonly rate?: number;
}

/** x_k = Ā x_{k−1} + B̄ u_k, all `"H M"`. */
export interface Discrete {
  readonly aRe: Tensor2D;
  readonly aIm: Tensor2D;
  readonly bRe: Tensor2D;
  readonly bIm: Tensor2D;
}

/**
 * Ā and B̄ of the recurrence x_k = Ā x_{k−1} + B̄ u_k.
 *
 * ZOH: Ā = e^{ΔA}, B̄ = B (e^{ΔA} − 1)/A, and B̄ = ΔB where A = 0. Bilinear: Ā = (1 + ΔA/2)/(1 − ΔA/2), B̄ = ΔB/(1 − ΔA/2). Small steps do not cancel. Differentiable.
 *
 * @param ssm C is not used.
 * @returns four tensors `"H M"`; the caller disposes them.
 * @throws {WarmstartError} SHAPE_MISMATCH when the tensors do not fit together, INVALID_OPTION for an unknown method or a rate that is not above 0.
 */
export function discretize(ssm: Omit<Ssm, "cRe" | "cIm">, { method = "zoh", rate = 1 }: DiscretizeOptions = {}): Discrete {
  requireSsm("discretize", ssm);
  requireChoice("discretize", "method", method, ["zoh", "bilinear"]);
  return tf.tidy(() => {
    const full = complete("discretize", { ...ssm, cRe: ssm.aRe }, rate);
    const step = method === "zoh" ? complexExp(scaled(full)) : bilinearStep(scaled(full));
    const input = inputStep(full, method);
    return { aRe: step.re as Tensor2D, aIm: step.im as Tensor2D, bRe: input.re as Tensor2D, bIm: input.im as Tensor2D };
  });
}

/** B̄. Inside a tidy. */
export function inputStep(full: FullSsm, method: Discretization): ComplexPair {
  const z = scaled(full);
  const none = tf.zerosLike(z.re);
  const held = { re: tf.add(full.dt, none), im: none }; // Δ
  if (method === "zoh") return multiply(full.b, divide(complexExpm1(z), full.a, held));
  return multiply(full.b, divide(held, { re: tf.sub(1, tf.mul(0.5, z.re)), im: tf.mul(-0.5, z.im) }, held));
}

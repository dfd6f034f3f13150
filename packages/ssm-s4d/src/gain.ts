// Two numbers that a whole kernel comes to, in closed form: what it answers to a constant, and how much it carries on average over C.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D } from "@tensorflow/tfjs-core";
import { requireChoice } from "./check.js";
import { inputStep, type Discretization, type DiscretizeOptions } from "./discretize.js";
import { complexExpm1 } from "./elementary.js";
import { damped, logStep } from "./s4d-kernel.js";
import { complete, multiply, requireSsm, type ComplexPair, type FullSsm, type Ssm } from "./ssm.js";
import { requireOneChannel } from "./state.js";
import { divide, scaled } from "./transition.js";

/**
 * The sum of the infinite kernel, 2 Re Σ_m C_m B̄_m / (1 − Ā_m) = −2 Re Σ_m C_m B_m / A_m under either rule: the output that a constant input of 1 settles at, without the skip. Differentiable.
 *
 * @returns `"H"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH when the tensors do not fit together, INVALID_OPTION for C with several channels, an unknown method or rate.
 */
export function dcGain(ssm: Ssm, { method = "zoh", rate = 1 }: DiscretizeOptions = {}): Tensor1D {
  requireSsm("dcGain", ssm);
  requireOneChannel("dcGain", ssm);
  requireChoice("dcGain", "method", method, ["zoh", "bilinear"]);
  return tf.tidy(() => {
    const full = damped(complete("dcGain", ssm, rate));
    const weights = multiply(full.c, inputStep(full, method)); // "1 H M"
    const rest = oneMinusStep(full, method);
    return tf.squeeze(tf.mul(2, tf.sum(divide(weights, rest, weights).re, 2)), [0]) as Tensor1D;
  });
}

/**
 * The energy Σ_l K[l]² of the infinite kernel, expected over a complex normal C with E|C|² = 1: 2 Σ_m |B̄_m|² / (1 − |Ā_m|²) (Gu et al. 2022 start C so). Differentiable.
 *
 * @param ssm C is not used.
 * @returns `"H"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH when the tensors do not fit together, INVALID_OPTION for an unknown method or rate.
 */
export function kernelEnergy(ssm: Omit<Ssm, "cRe" | "cIm">, { method = "zoh", rate = 1 }: DiscretizeOptions = {}): Tensor1D {
  requireSsm("kernelEnergy", ssm);
  requireChoice("kernelEnergy", "method", method, ["zoh", "bilinear"]);
  return tf.tidy(() => {
    const full = damped(complete("kernelEnergy", { ...ssm, cRe: ssm.aRe }, rate));
    const b = inputStep(full, method);
    const { re } = logStep(full, method);
    const lost = tf.neg(complexExpm1({ re: tf.mul(2, re), im: tf.zerosLike(re) }).re); // 1 − |Ā|²
    return tf.mul(2, tf.sum(tf.div(tf.add(tf.square(b.re), tf.square(b.im)), lost), 1)) as Tensor1D;
  });
}

/** 1 − Ā without cancellation. */
function oneMinusStep(full: FullSsm, method: Discretization): ComplexPair {
  const z = scaled(full);
  const negative = ({ re, im }: ComplexPair): ComplexPair => ({ re: tf.neg(re), im: tf.neg(im) });
  if (method === "zoh") return negative(complexExpm1(z));
  return negative(divide(z, { re: tf.sub(1, tf.mul(0.5, z.re)), im: tf.mul(-0.5, z.im) }, z));
}

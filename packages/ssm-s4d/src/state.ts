// State forwarding: what a stretch of input leaves behind, and what a state adds to the outputs after it (`forward_state` of the authors' code).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";
import { requireChoice, requireInteger, requireShape } from "./check.js";
import { inputStep, type DiscretizeOptions } from "./discretize.js";
import { complexExp } from "./elementary.js";
import { damped, logStep } from "./s4d-kernel.js";
import { complete, multiply, requireSsm, type ComplexPair, type Ssm } from "./ssm.js";
import { chunkOf, powers, vandermonde } from "./vandermonde.js";

/** x, complex, `"B H M"`. */
export type State = ComplexPair<Tensor3D>;

/** Throws unless `state` belongs to `batch` sequences of this model. */
export function requireState(where: string, state: State, batch: number | null, features: number, modes: number): void {
  for (const part of ["re", "im"] as const) {
    requireShape(where, `state.${part}`, state[part].shape, [batch, features, modes], "Its axes are batch, features and modes; modes are dState / 2 conjugate pairs, not dState.");
  }
}

/** Throws unless C has one output a feature: a bidirectional model has no state, since its second kernel reads what is yet to come. */
export function requireOneChannel(where: string, { cRe }: Ssm): void {
  if (cRe.rank === 2) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`cRe\` must be "H M", got [${cRe.shape.join(", ")}]. A state is defined for one causal output a feature; a bidirectional model has none.`, { shape: cRe.shape });
}

/**
 * The state after `u`: Ā^L x₀ + Σ_j Ā^{L−1−j} B̄ u_j. Running two halves one after the other gives what one run gives. Differentiable.
 *
 * @param ssm C is not used.
 * @param u `"B H L"`.
 * @param state x₀, the state before `u`; default zeros.
 * @returns `re: "B H M"`, `im: "B H M"`; the caller disposes both.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes, INVALID_OPTION for an unknown method or rate.
 */
export function forwardState(u: Tensor3D, ssm: Omit<Ssm, "cRe" | "cIm">, state?: State, { method = "zoh", rate = 1 }: DiscretizeOptions = {}): State {
  const { features, modes } = requireSsm("forwardState", ssm);
  requireChoice("forwardState", "method", method, ["zoh", "bilinear"]);
  requireShape("forwardState", "u", u.shape, [null, features, null], "Its axes are batch, features and time.");
  const [batch, , length] = u.shape;
  if (state !== undefined) requireState("forwardState", state, batch, features, modes);
  return tf.tidy(() => {
    const full = damped(complete("forwardState", { ...ssm, cRe: ssm.aRe }, rate));
    const z = logStep(full, method);
    const { re, im } = multiply(sumOfPowers(tf.cast(u, "float32"), z), inputStep(full, method));
    if (state === undefined) return { re: re as Tensor3D, im: im as Tensor3D };
    const kept = multiply(state, complexExp({ re: tf.mul(z.re, length), im: tf.mul(z.im, length) }));
    return { re: tf.add(re, kept.re) as Tensor3D, im: tf.add(im, kept.im) as Tensor3D };
  });
}

/**
 * What a state adds to the outputs that follow it: 2 Re Σ_m C_m Ā_m^{l+1} x_m, l = 0 … length − 1.
 *
 * @param state x before the first of these outputs, `"B H M"`.
 * @returns `"B H length"`; the caller disposes it.
 * @throws {WarmstartError} SHAPE_MISMATCH for other shapes, INVALID_OPTION for a bad length, method or rate, or for C with several channels.
 */
export function stateResponse(ssm: Ssm, state: State, length: number, { method = "zoh", rate = 1 }: DiscretizeOptions = {}): Tensor3D {
  const { features, modes } = requireSsm("stateResponse", ssm);
  requireInteger("stateResponse", "length", length, 1, "It counts outputs.");
  requireChoice("stateResponse", "method", method, ["zoh", "bilinear"]);
  requireOneChannel("stateResponse", ssm);
  requireState("stateResponse", state, null, features, modes);
  return tf.tidy(() => {
    const full = damped(complete("stateResponse", ssm, rate));
    const z = logStep(full, method);
    return vandermonde(multiply(state, multiply(full.c, complexExp(z))), z, length, chunkOf(length));
  });
}

/** Σ_j e^{z (L−1−j)} u_j, `"B H M"`: within chunks first, then over chunks. */
function sumOfPowers(u: Tensor3D, z: ComplexPair): ComplexPair {
  const [batch, features, length] = u.shape;
  const modes = z.re.shape[1]!;
  const chunk = chunkOf(length);
  const count = Math.ceil(length / chunk);
  const padded = tf.pad(tf.transpose(u, [1, 0, 2]), [[0, 0], [0, 0], [count * chunk - length, 0]]); // zeros before the start change nothing
  const near = powers(z, chunk);
  const within = tf.matMul(tf.reshape(padded, [features, batch * count, chunk]) as Tensor3D, tf.reverse(tf.concat([near.re, near.im], 1), 2) as Tensor3D, false, true); // "H B·Q 2M"
  const part = (from: number) => tf.reshape(tf.slice(within, [0, 0, from], [features, batch * count, modes]), [features, batch, count, modes]);
  const far = powers(z, count, chunk);
  const perBlock = (t: Tensor) => tf.expandDims(tf.transpose(tf.reverse(t, 2), [0, 2, 1]), 1); // "H 1 Q M"
  const terms = multiply({ re: part(0), im: part(modes) }, { re: perBlock(far.re), im: perBlock(far.im) });
  const total = (t: Tensor) => tf.transpose(tf.sum(t, 2), [1, 0, 2]);
  return { re: total(terms.re), im: total(terms.im) };
}

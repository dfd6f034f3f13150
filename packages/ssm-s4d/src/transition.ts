// ΔA and the logarithm of the bilinear step, in real arithmetic that does not cancel in float32.
import * as tf from "@tensorflow/tfjs-core";
import { above, angle, log1p } from "./elementary.js";
import type { ComplexPair, FullSsm } from "./ssm.js";

/** ΔA */
export const scaled = ({ dt, a }: Pick<FullSsm, "dt" | "a">): ComplexPair => ({ re: tf.mul(dt, a.re), im: tf.mul(dt, a.im) });

/** x ȳ */
export const multiplyConjugate = (x: ComplexPair, y: ComplexPair): ComplexPair => ({
  re: tf.add(tf.mul(x.re, y.re), tf.mul(x.im, y.im)),
  im: tf.sub(tf.mul(x.im, y.re), tf.mul(x.re, y.im)),
});

/** x / y, and `otherwise` where y = 0. */
export function divide(x: ComplexPair, y: ComplexPair, otherwise: ComplexPair): ComplexPair {
  const norm = tf.add(tf.square(y.re), tf.square(y.im));
  const regular = above(norm, 0);
  const safe = tf.where(regular, norm, tf.onesLike(norm));
  const quotient = multiplyConjugate(x, y);
  return { re: tf.where(regular, tf.div(quotient.re, safe), otherwise.re), im: tf.where(regular, tf.div(quotient.im, safe), otherwise.im) };
}

/**
 * log of (1 + z/2) / (1 − z/2) for Re z ≤ 0. |1 + z/2|² = |1 − z/2|² + 2a, so the real part is ½ log1p(2a / |1 − z/2|²) near 1, where a quotient of squares
 * would lose digits, and the logarithm of the quotient far from 1.
 */
export function bilinearLog({ re, im }: ComplexPair): ComplexPair {
  const [up, down, half] = [tf.add(1, tf.mul(re, 0.5)), tf.sub(1, tf.mul(re, 0.5)), tf.mul(im, 0.5)];
  const below = tf.add(tf.square(down), tf.square(half));
  const excess = tf.div(tf.mul(2, re), below);
  const far = tf.log(tf.div(tf.maximum(tf.add(tf.square(up), tf.square(half)), 1e-30), below));
  return { re: tf.mul(0.5, tf.where(above(excess, -0.5), log1p(tf.maximum(excess, -0.5)), far)), im: tf.add(angle(half, up), angle(half, down)) };
}

/** (1 + z/2) / (1 − z/2) */
export function bilinearStep({ re, im }: ComplexPair): ComplexPair {
  const below = tf.add(tf.square(tf.sub(1, tf.mul(re, 0.5))), tf.square(tf.mul(im, 0.5)));
  return { re: tf.div(tf.sub(1, tf.mul(0.25, tf.add(tf.square(re), tf.square(im)))), below), im: tf.div(im, below) };
}

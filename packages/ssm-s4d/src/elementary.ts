// Elementary functions to float32 accuracy on every backend. WebGPU's own may be far off: its specification allows 2⁻¹¹ for sin and cos,
// 4096 units in the last place for atan2, and expm1 and log1p there lose small arguments. All of these are made of products, sums and tf.exp.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor } from "@tensorflow/tfjs-core";
import type { ComplexPair } from "./ssm.js";

/** Σ coefficients[i] xⁱ */
const polynomial = (x: Tensor, coefficients: readonly number[]): Tensor => coefficients.slice(0, -1).reduceRight<Tensor>((sum, coefficient) => tf.add(tf.mul(sum, x), coefficient), tf.fill(x.shape, coefficients.at(-1)!));

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
/** Taylor coefficients in x² up to x¹³, right to 1e-8 of 1 within ±π/2. */
const [sine, cosine] = [1, 0].map((first) => Array.from({ length: 7 }, (_, i) => (i % 2 === 0 ? 1 : -1) / factorial(2 * i + first))) as [number[], number[]];
/** π in three parts, of which the first two have so few bits that their products with whole numbers below 2¹⁴ are exact in float32. */
const piParts = [3.140625, 1014 / 2 ** 20, Math.PI - 3.140625 - 1014 / 2 ** 20];

/** cos x and sin x, stacked along a new first axis; off by at most 2e-7 plus half a unit in the last place of x. */
const circle = tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
  const [x, save] = args as [Tensor, GradSaveFunc];
  const turns = tf.round(tf.mul(x, 1 / Math.PI));
  const rest = piParts.reduce<Tensor>((left, part) => tf.sub(left, tf.mul(turns, part)), x);
  const sign = tf.sub(1, tf.mul(2, tf.sub(turns, tf.mul(2, tf.floor(tf.mul(turns, 0.5))))));
  const square = tf.square(rest);
  const value = tf.stack([tf.mul(sign, polynomial(square, cosine)), tf.mul(sign, tf.mul(rest, polynomial(square, sine)))]);
  save([value]);
  return {
    value,
    gradFunc: (dy: Tensor, saved: Tensor[]) => {
      const [[cos, sin], [dCos, dSin]] = [tf.unstack(saved[0]!), tf.unstack(dy)];
      return tf.sub(tf.mul(dSin!, cos!), tf.mul(dCos!, sin!));
    },
  };
});

/** cos x and sin x; differentiable. */
export function turn(x: Tensor): { cos: Tensor; sin: Tensor } {
  const [cos, sin] = tf.unstack(circle(x));
  return { cos: cos!, sin: sin! };
}

/** Whether x > limit, without a gradient: tfjs' comparisons stop a tape, tf.step does not. */
export const above = (x: Tensor, limit: number): Tensor => tf.cast(tf.step(tf.sub(x, limit)), "bool");

/** e^z */
export function complexExp({ re, im }: ComplexPair): ComplexPair {
  const size = tf.exp(re);
  const { cos, sin } = turn(im);
  return { re: tf.mul(size, cos), im: tf.mul(size, sin) };
}

/** e^z − 1 = (expm1(a) cos b − 2 sin²(b/2)) + i eᵃ sin b, without cancellation. */
export function complexExpm1({ re, im }: ComplexPair): ComplexPair {
  const { cos, sin } = turn(im);
  return { re: tf.sub(tf.mul(expm1(re), cos), tf.mul(2, tf.square(turn(tf.mul(im, 0.5)).sin))), im: tf.mul(tf.exp(re), sin) };
}

/** eˣ − 1: five terms of the series within ±0.1, right to 2e-9 of the value. */
function expm1(x: Tensor): Tensor {
  const near = tf.clipByValue(x, -0.1, 0.1);
  const series = tf.mul(near, polynomial(near, [1, 1 / 2, 1 / 6, 1 / 24, 1 / 120]));
  return tf.where(above(tf.abs(x), 0.1), tf.sub(tf.exp(x), 1), series);
}

/** log(1 + x) for −0.5 ≤ x ≤ 0: 2 artanh(x / (2 + x)). */
export function log1p(x: Tensor): Tensor {
  const s = tf.div(x, tf.add(x, 2));
  return tf.mul(tf.mul(2, s), polynomial(tf.square(s), [1, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13]));
}

/** The angle of x + iy, 0 at 0: tf.atan2 and one step of Newton's method, which takes an error ε to about ε³. */
export function angle(y: Tensor, x: Tensor): Tensor {
  const safe = tf.where(above(tf.add(tf.square(x), tf.square(y)), 0), x, tf.onesLike(x));
  const first = tf.atan2(y, safe);
  const { cos, sin } = turn(first);
  return tf.add(first, tf.div(tf.sub(tf.mul(y, cos), tf.mul(safe, sin)), tf.add(tf.mul(safe, cos), tf.mul(y, sin))));
}

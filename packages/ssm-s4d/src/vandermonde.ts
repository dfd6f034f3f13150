// 2 Re Σ_m g_m e^{z_m l} for l = 0 … L − 1: the product of a Vandermonde matrix, its powers split in two short tables.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor3D } from "@tensorflow/tfjs-core";
import { complexExp } from "./elementary.js";
import { multiply, type ComplexPair } from "./ssm.js";

/** Powers are split as l = q · chunk + r: about √L, a power of two. */
export const chunkOf = (length: number): number => 2 ** Math.ceil(Math.log2(Math.sqrt(length)));

/** e^{z · exponent + shift}, `"H M exponents"`; `shift: "H M"`. */
export function powers(z: ComplexPair, exponents: Tensor1D, shift?: ComplexPair): ComplexPair {
  const times = (part: Tensor, add: Tensor | undefined) => {
    const product = tf.mul(tf.expandDims(part, 2), exponents);
    return add === undefined ? product : tf.add(product, tf.expandDims(add, 2));
  };
  return complexExp({ re: times(z.re, shift?.re), im: times(z.im, shift?.im) });
}

/**
 * 2 Re Σ_m g_m e^{z_m l}, `"K H length"`. Exponentials are taken of 2 H M √L numbers, the rest is one real matrix product. Inside a tidy.
 *
 * @param g `"K H M"`. @param z `"H M"`. @param chunk `length` makes it one table, the naive way. @param shift added to z · l, `"H M"`.
 */
export function vandermonde(g: ComplexPair, z: ComplexPair, length: number, chunk: number, shift?: ComplexPair): Tensor3D {
  const [rows, features, modes] = g.re.shape as [number, number, number];
  const blocks = Math.ceil(length / chunk);
  const far = powers(z, tf.mul(tf.range(0, blocks), chunk), shift);
  const near = powers(z, tf.range(0, chunk));
  const perMode = (t: Tensor) => tf.expandDims(tf.transpose(t, [1, 2, 0]), 3); // "H M K 1"
  const alongBlocks = (t: Tensor) => tf.expandDims(t, 2); // "H M 1 Q"
  const weighted = multiply({ re: perMode(g.re), im: perMode(g.im) }, { re: alongBlocks(far.re), im: alongBlocks(far.im) });
  const flat = (t: Tensor) => tf.reshape(t, [features, modes, rows * blocks]);
  const left = tf.concat([flat(weighted.re), tf.neg(flat(weighted.im))], 1) as Tensor3D;
  const product = tf.mul(2, tf.matMul(left, tf.concat([near.re, near.im], 1) as Tensor3D, true));
  const kernel = tf.slice(tf.reshape(product, [features, rows, blocks * chunk]), [0, 0, 0], [features, rows, length]);
  return tf.transpose(kernel, [1, 0, 2]) as Tensor3D;
}

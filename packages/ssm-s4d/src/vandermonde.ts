// 2 Re Σ_m g_m e^{z_m l} for l = 0 … L − 1: the product of a Vandermonde matrix, its powers split in two short tables.
import * as tf from "@tensorflow/tfjs-core";
import type { GradSaveFunc, Tensor, Tensor3D } from "@tensorflow/tfjs-core";
import { complexExp } from "./elementary.js";
import { multiply, type ComplexPair } from "./ssm.js";

/** Powers are split as l = q · chunk + r: about √L, a power of two. */
export const chunkOf = (length: number): number => 2 ** Math.ceil(Math.log2(Math.sqrt(length)));

/**
 * e^{z · step · j + shift}, j = 0 … count − 1, `"H M count"`; z and shift `"H M"`. Differentiable in both, first order only.
 *
 * The table doubles: e^{z · step · 2ᵏ} times what is there gives as many more, so there are H M log(count) exponentials, the rest are products.
 */
export function powers(z: ComplexPair, count: number, step = 1, shift?: ComplexPair): ComplexPair {
  const [re, im] = tf.unstack(table(count, step)(z.re, z.im));
  const start = shift === undefined ? undefined : complexExp(shift);
  const from = start && { re: tf.expandDims(start.re, 2), im: tf.expandDims(start.im, 2) };
  return from === undefined ? { re: re!, im: im! } : multiply({ re: re!, im: im! }, from);
}

/** Real and imaginary parts, stacked. The derivative of e^{zj} is j e^{zj}. */
const table = (count: number, step: number) =>
  tf.customGrad((...args: (Tensor | GradSaveFunc)[]) => {
    const [re, im, save] = args as [Tensor, Tensor, GradSaveFunc];
    const one = { re: tf.expandDims(tf.onesLike(re), 2), im: tf.expandDims(tf.zerosLike(im), 2) };
    const doublings = Math.ceil(Math.log2(count));
    const factors = complexExp({ re: scaledBy(re, step, Math.max(1, doublings)), im: scaledBy(im, step, Math.max(1, doublings)) }); // one more than needed for count 1: WebGPU cannot slice tensors of size 0
    let { re: left, im: right } = one;
    for (let k = 0; k < doublings; k++) {
      const kept = Math.min(2 ** k, count - 2 ** k);
      const column = (t: Tensor) => tf.slice(t, [0, 0, k], [t.shape[0]!, t.shape[1]!, 1]);
      const more = multiply({ re: first(left, kept), im: first(right, kept) }, { re: column(factors.re), im: column(factors.im) });
      [left, right] = [tf.concat([left, more.re], 2), tf.concat([right, more.im], 2)];
    }
    const value = tf.stack([left, right]);
    save([value]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [[re, im], [dRe, dIm]] = [tf.unstack(saved[0]!), tf.unstack(dy)];
        const exponents = tf.mul(tf.range(0, count), step);
        const total = (t: Tensor) => tf.sum(tf.mul(t, exponents), 2);
        return [total(tf.add(tf.mul(dRe!, re!), tf.mul(dIm!, im!))), total(tf.sub(tf.mul(dIm!, re!), tf.mul(dRe!, im!)))];
      },
    };
  });

/** t · step · 2ᵏ, k = 0 … count − 1, along a new last axis. */
const scaledBy = (t: Tensor, step: number, count: number): Tensor => tf.mul(tf.expandDims(t, 2), tf.tensor1d(Array.from({ length: count }, (_, k) => step * 2 ** k)));

const first = (t: Tensor, count: number): Tensor => tf.slice(t, [0, 0, 0], [t.shape[0]!, t.shape[1]!, count]);

/**
 * 2 Re Σ_m g_m e^{z_m l}, `"K H length"`. Exponentials are taken of 2 H M √L numbers, the rest is one real matrix product. Inside a tidy.
 *
 * @param g `"K H M"`. @param z `"H M"`. @param chunk `length` makes it one table, the naive way. @param shift added to z · l, `"H M"`.
 */
export function vandermonde(g: ComplexPair, z: ComplexPair, length: number, chunk: number, shift?: ComplexPair): Tensor3D {
  const [rows, features, modes] = g.re.shape as [number, number, number];
  const blocks = Math.ceil(length / chunk);
  const far = powers(z, blocks, chunk, shift);
  const near = powers(z, chunk);
  const perMode = (t: Tensor) => tf.expandDims(tf.transpose(t, [1, 2, 0]), 3); // "H M K 1"
  const alongBlocks = (t: Tensor) => tf.expandDims(t, 2); // "H M 1 Q"
  const weighted = multiply({ re: perMode(g.re), im: perMode(g.im) }, { re: alongBlocks(far.re), im: alongBlocks(far.im) });
  const flat = (t: Tensor) => tf.reshape(t, [features, modes, rows * blocks]);
  const left = tf.concat([flat(weighted.re), tf.neg(flat(weighted.im))], 1) as Tensor3D;
  const product = tf.mul(2, tf.matMul(left, tf.concat([near.re, near.im], 1) as Tensor3D, true));
  const kernel = tf.slice(tf.reshape(product, [features, rows, blocks * chunk]), [0, 0, 0], [features, rows, length]);
  return tf.transpose(kernel, [1, 0, 2]) as Tensor3D;
}

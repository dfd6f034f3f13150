// Causal convolution and correlation as products with blocks of a Toeplitz matrix: matMul, gather, pad and slice alone, which every backend has.
// A sequence is cut into Q blocks of T; block q of y is Σ_d K_d u_{q−d} with the T × T matrices K_d[r, s] = k[dT + r − s].
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";

/** T of a sequence: about 2√L, so that neither the blocks of the matrix nor their number is large. */
const blockOf = (length: number): number => 2 ** Math.max(3, Math.ceil(Math.log2(2 * Math.sqrt(length))));

/** `"B H L"` → `"H B Q T"`, zeros at the end. */
function blocksOf(u: Tensor3D, block: number, count: number): Tensor4D {
  const [batch, features, length] = u.shape;
  const padded = tf.pad(tf.transpose(u, [1, 0, 2]), [[0, 0], [0, 0], [0, block * count - length]]);
  return tf.reshape(padded, [features, batch, count, block]);
}

/** Blocks `from` up to `from + count` as rows of one matrix: `"H B·count T"`. */
function rows(blocks: Tensor4D, from: number, count: number): Tensor3D {
  const [features, batch, , block] = blocks.shape;
  return tf.reshape(tf.slice(blocks, [0, 0, from, 0], [features, batch, count, block]), [features, batch * count, block]);
}

/** y[t] = Σ_{j≤t} k[j] u[t−j]; `u: "B H L"`, `k: "H K"` with K ≤ L. Inside a tidy. */
export function convolve(u: Tensor3D, k: Tensor): Tensor3D {
  const [batch, features, length] = u.shape;
  const block = Math.min(blockOf(length), length);
  const count = Math.ceil(length / block);
  const used = Math.min(count, Math.ceil((k.shape[1]! + block - 1) / block)); // later blocks of the matrix are 0
  const blocks = blocksOf(u, block, count);
  const padded = tf.pad(k, [[0, 0], [block - 1, Math.max(0, block * used - k.shape[1]!)]]);
  const index = tf.tensor2d(Int32Array.from({ length: block * block }, (_, i) => block - 1 + (i % block) - Math.floor(i / block)), [block, block], "int32"); // row s, column r
  let y: Tensor = tf.zeros(blocks.shape);
  for (let d = 0; d < used; d++) {
    y = tf.tidy(() => {
      const lags = tf.slice(padded, [0, d * block], [features, 2 * block - 1]);
      const product = tf.matMul(rows(blocks, 0, count - d), tf.gather(lags, index, 1) as Tensor3D);
      return tf.add(y, tf.pad(tf.reshape(product, [features, batch, count - d, block]), [[0, 0], [0, 0], [d, 0], [0, 0]]));
    });
  }
  return tf.transpose(tf.slice(tf.reshape(y, [features, batch, count * block]), [0, 0, 0], [features, batch, length]), [1, 0, 2]) as Tensor3D;
}

/** c[j] = Σ_batch Σ_t v[t] u[t−j] for j < `lags` ≤ L; `u, v: "B H L"` → `"H lags"`. Inside a tidy. */
function correlate(v: Tensor3D, u: Tensor3D, lags: number): Tensor {
  const [, features, length] = u.shape;
  const block = Math.min(blockOf(length), length);
  const count = Math.ceil(length / block);
  const used = Math.min(count, Math.ceil((lags + block - 1) / block));
  const [inputs, later] = [blocksOf(u, block, count), blocksOf(v, block, count)];
  let sums: Tensor = tf.zeros([features, block * (used + 1) - 1]);
  for (let d = 0; d < used; d++) {
    sums = tf.tidy(() => {
      const products = tf.matMul(rows(later, d, count - d), rows(inputs, 0, count - d), true); // "H r s": what lag dT + r − s collects
      return tf.add(sums, tf.pad(diagonals(products as Tensor3D, block), [[0, 0], [d * block, (used - 1 - d) * block]]));
    });
  }
  return tf.slice(sums, [0, block - 1], [features, lags]);
}

/** The gradients of `convolve`: du[t] = Σ_j k[j] dy[t+j], dk[j] = Σ_batch Σ_t dy[t] u[t−j]. Inside a tidy. */
export function gradients(dy: Tensor3D, u: Tensor3D, k: Tensor): [Tensor3D, Tensor] {
  return [tf.reverse(convolve(tf.reverse(dy, 2), k), 2), correlate(dy, u, k.shape[1]!)];
}

/** Sums of the diagonals r − s = −(T−1) … T−1 of `"H T T"`: rows padded to 2T and read 2T−1 wide are shifted by one each. */
export function diagonals(products: Tensor3D, block: number): Tensor {
  const features = products.shape[0];
  const wide = tf.pad(tf.reverse(products, 2), [[0, 0], [0, 0], [0, block]]);
  const flat = tf.slice(tf.reshape(wide, [features, 2 * block * block]), [0, 0], [features, block * (2 * block - 1)]);
  return tf.sum(tf.reshape(flat, [features, block, 2 * block - 1]), 1);
}

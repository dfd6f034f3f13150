// Matrices and measures for the tests.
import * as tf from "@tensorflow/tfjs";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { gaussian } from "./gaussian.js";
import { randomOrthogonal } from "./random-orthogonal.js";

/** A `"rows columns"` matrix of normal numbers; with `rank`, a product of two thin ones. */
export function randomMatrix(rows: number, columns: number, seed: number, rank?: number): Tensor2D {
  const normal = gaussian(seed);
  const make = (m: number, n: number) => tf.tensor2d(Float32Array.from({ length: m * n }, normal), [m, n]);
  if (rank === undefined) return make(rows, columns);
  return tf.tidy(() => (rank === 0 ? tf.zeros([rows, columns]) : tf.matMul(make(rows, rank), make(rank, columns))));
}

/** A matrix with known singular values: random orthonormal × diagonal × random orthonormal. */
export function withSpectrum(rows: number, columns: number, spectrum: readonly number[], seed: number): Tensor2D {
  return tf.tidy(() => {
    const left = tf.mul(randomOrthogonal(rows, spectrum.length, seed), tf.tensor2d([...spectrum], [1, spectrum.length]));
    return tf.matMul(left, randomOrthogonal(spectrum.length, columns, seed + 1));
  });
}

/** Entries of a tensor as float64. */
export async function entries(t: tf.Tensor): Promise<Float64Array> {
  return Float64Array.from(await t.data());
}

/** `max |XᵀX - I|`, the sums in float64. */
export async function orthonormalityError(x: Tensor2D): Promise<number> {
  const [m, n] = x.shape;
  const data = await entries(x);
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? -1 : 0;
      for (let k = 0; k < m; k++) sum += data[k * n + i]! * data[k * n + j]!;
      if (!(Math.abs(sum) <= worst)) worst = Math.abs(sum);
    }
  }
  return worst;
}

/** Frobenius norm. */
export async function norm(x: tf.Tensor): Promise<number> {
  return Math.hypot(...[...(await entries(x))].reduce<number[]>((sums, value, i) => ((sums[i % 64] = Math.hypot(sums[i % 64] ?? 0, value)), sums), []));
}

/** Frobenius norm of `a - u diag(s) vᵀ`. */
export async function residual(a: Tensor2D, { u, s, v }: { u: Tensor2D; s: Float64Array; v: Tensor2D }): Promise<number> {
  const difference = tf.tidy(() => tf.sub(a, tf.matMul(tf.mul(u, tf.tensor2d(Float32Array.from(s), [1, s.length])), tf.transpose(v))));
  const size = await norm(difference);
  difference.dispose();
  return size;
}

/** `a` with one entry replaced. */
export function spoiled(a: Tensor2D, value: number): Tensor2D {
  const data = Float32Array.from(a.dataSync());
  data[data.length >> 1] = value;
  return tf.tensor2d(data, a.shape);
}

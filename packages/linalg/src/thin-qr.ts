// Thin QR: A = Q R with as many columns in Q as the shorter side has.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { magnitude, matrixShape, unitOf } from "./check.js";
import { onHost, orthonormalColumns } from "./cholesky-qr.js";
import { read, transposed, upload } from "./host-matrix.js";
import { scoped } from "./scoped.js";
import { multiplyLower } from "./triangular.js";

/** Factors of a thin QR decomposition, `a = q r`; the caller disposes both. */
export interface ThinQr {
  /** `"m k"`, orthonormal columns. */
  q: Tensor2D;
  /** `"k n"`, upper triangular (trapezoidal for a wide matrix), diagonal not negative. */
  r: Tensor2D;
}

/**
 * Thin QR decomposition of `a: "m n"` with `k = min(m, n)`: `q: "m k"` has orthonormal columns (to about 1e-6), `r: "k n"` is upper triangular with a diagonal that is **not negative**, `a = q r`.
 *
 * Columns that depend on earlier ones, zero columns among them, get other orthonormal directions in `q` and (nearly) zero on the diagonal of `r`; nothing is ever NaN. Each column counts by its direction: a very short one is not taken for zero.
 * The long products run on the backend, an `n × n` Cholesky factor in float64 on the host; degenerate matrices take Householder reflections on the host, in `O(m n²)` (50 ms for 3072×64, seconds for 1024×1024).
 *
 * @returns `q` and `r`; the caller disposes them and keeps `a`.
 * @throws LinalgError `SHAPE_MISMATCH` if `a` is not a non-empty matrix, `NOT_FINITE` if it holds NaN or infinity.
 * @see Yamamoto, Nakatsukasa, Yanagisawa, Fukaya: Roundoff error analysis of the CholeskyQR2 algorithm, 2015.
 *
 * @example
 * const { q, r } = await thinQr(tf.tensor2d([[3, 1], [4, 2]])); // q = [[0.6, -0.8], [0.8, 0.6]], r = [[5, 2.2], [0, 0.4]]
 */
export async function thinQr(a: Tensor2D): Promise<ThinQr> {
  matrixShape("thinQr", "a", a);
  return qr("thinQr", a, 0);
}

/** `thinQr` under another name for errors, and with a seed for completing directions. */
export function qr(where: string, a: Tensor2D, seed: number): Promise<ThinQr> {
  return scoped(async ({ own, release }) => {
    const [m, n] = a.shape;
    const k = Math.min(m, n);
    const unit = unitOf(await magnitude(where, "a", a));
    const x = own(tf.tidy(() => tf.div(tf.cast(a, "float32"), unit) as Tensor2D));
    const basis = await blockQr(k < n ? own(tf.slice(x, [0, 0], [m, k])) : x, seed);
    const q = own(basis.q);
    const left = own(upload(transposed(basis.l, k, k).map((value) => value * unit), k, k));
    if (k === n) return { q: release(q), r: release(left) };
    const right = own(tf.tidy(() => tf.mul(tf.matMul(tf.transpose(q), tf.slice(x, [0, k], [m, n - k])), unit) as Tensor2D));
    return { q: release(q), r: tf.concat2d([left, right], 1) };
  });
}

const blockColumns = 128;

/** `x = q lᵀ` like {@link orthonormalColumns}, in blocks of columns, each made orthogonal twice to those before: a square matrix is far from orthonormal as a whole, its blocks are not (block Gram–Schmidt, Barlow and Smoktunowicz 2013). */
export async function blockQr(x: Tensor2D, seed: number): Promise<{ q: Tensor2D; l: Float64Array }> {
  const [m, n] = x.shape;
  if (n <= blockColumns) return orthonormalColumns(x, { seed });
  return scoped(async ({ own, free, release }) => {
    const l = new Float64Array(n * n);
    let q: Tensor2D | undefined;
    for (let start = 0; start < n; start += blockColumns) {
      const width = Math.min(blockColumns, n - start);
      let block = own<Tensor2D>(tf.slice(x, [0, start], [m, width]));
      let within: Float64Array | undefined; // block = q-part + (this block's basis) withinᵀ
      for (let turn = 0; turn < (q ? 2 : 1); turn++) {
        if (q) {
          const before = q;
          const along = own(tf.tidy(() => tf.matMul<Tensor2D>(tf.transpose(before), block)));
          const rest = own(tf.tidy(() => tf.sub(block, tf.matMul(before, along)) as Tensor2D));
          // What is left of a dependent column is rounding, and nothing keeps that orthogonal to the blocks before.
          const [left] = await read(tf.tidy(() => tf.min(tf.div(tf.sum(tf.square(rest), 0), tf.add(tf.sum(tf.square(block), 0), 1e-37)))));
          if (!(left! > 1e-8)) return onHost(x, seed);
          addProjection(l, n, start, width, await along.data(), within);
          free(along);
          free(block);
          block = rest;
        }
        const part = await orthonormalColumns(block, { seed });
        free(block);
        block = own(part.q);
        within = within ? multiplyLower(within, part.l, width) : part.l;
      }
      for (let i = 0; i < width; i++) for (let j = 0; j <= i; j++) l[(start + i) * n + start + j] = within![i * width + j]!;
      const joined: Tensor2D = own(q ? tf.concat2d([q, block], 1) : tf.clone(block));
      free(block);
      if (q) free(q);
      q = joined;
    }
    return { q: release(q!), l };
  });
}

/** Adds `(along withinᵀ)ᵀ` to the rows of `l` that belong to the block: the share of the block's columns that lies in the basis of the blocks before. */
function addProjection(l: Float64Array, n: number, start: number, width: number, along: ArrayLike<number>, within?: Float64Array): void {
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < start; j++) {
      let sum = within ? 0 : along[j * width + i]!;
      if (within) for (let k = 0; k <= i; k++) sum += along[j * width + k]! * within[i * width + k]!;
      l[(start + i) * n + j]! += sum;
    }
  }
}

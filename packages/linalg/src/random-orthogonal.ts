// Haar-distributed orthogonal matrices without a QR decomposition.
// G. W. Stewart, The efficient generation of random orthogonal matrices, SIAM J. Numer. Anal. 17 (1980): the reflections that Householder QR would find in a Gaussian matrix are those of independent
// Gaussian vectors of shrinking length. Blocks in compact WY form: Schreiber and Van Loan 1989, Q = I - Y T Yᵀ. Signs as Mezzadri 2007, Notices of the AMS 54: without them the law is not uniform.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { requireInteger } from "./check.js";
import { gaussian } from "./gaussian.js";
import { transposed, upload } from "./host-matrix.js";
import { invertLower } from "./triangular.js";

const blockSize = 64;

/**
 * A random matrix `"rows columns"` with orthonormal columns (rows, where there are fewer of those), distributed uniformly: exactly as `Q` of the QR decomposition of a Gaussian matrix with positive diagonal in `R`.
 *
 * Synchronous; nothing is read back. The same seed gives the same matrix on every backend, up to rounding in the sixth digit.
 * Random numbers and the small triangular factors are made on the host, the products of the reflection blocks on the backend.
 *
 * @param seed integer.
 * @returns the caller disposes it.
 * @throws LinalgError `INVALID_OPTION` if a size is not a positive integer or the seed not an integer.
 */
export function randomOrthogonal(rows: number, columns: number, seed: number): Tensor2D {
  requireInteger("randomOrthogonal", "rows", rows, 1);
  requireInteger("randomOrthogonal", "columns", columns, 1);
  requireInteger("randomOrthogonal", "seed", seed, Number.MIN_SAFE_INTEGER);
  return tf.tidy(() => (rows >= columns ? orthonormalColumnsFromReflections(rows, columns, seed) : tf.transpose(orthonormalColumnsFromReflections(columns, rows, seed))));
}

function orthonormalColumnsFromReflections(m: number, n: number, seed: number): Tensor2D {
  const normal = gaussian(seed);
  const signs = new Float64Array(n);
  let q: Tensor2D | undefined; // the part of the product below and to the right of the blocks done so far, built from the last block to the first
  for (let start = Math.floor((n - 1) / blockSize) * blockSize; start >= 0; start -= blockSize) {
    const width = Math.min(blockSize, n - start);
    const height = m - start;
    const { y, t } = reflections(height, width, normal, signs, start);
    const inner = q;
    q = tf.tidy(() => {
      // Q ← (I - Y T Yᵀ) E with E = [[I, 0], [0, Q]], whose zeros are left out of the product Yᵀ E.
      const y1 = tf.slice(y, [0, 0], [width, width]);
      const e = inner ? tf.concat2d([tf.eye(width, width + inner.shape[1]), tf.concat2d([tf.zeros([height - width, width]), inner], 1)], 0) : tf.eye(height, width);
      const ye = inner ? tf.concat2d([tf.transpose(y1), tf.matMul<Tensor2D>(tf.transpose(tf.slice(y, [width, 0], [height - width, width])), inner)], 1) : tf.transpose(y1);
      return tf.sub(e, tf.matMul(tf.matMul(y, t), ye)) as Tensor2D;
    });
    tf.dispose([y, t]);
    inner?.dispose();
  }
  return tf.mul(q!, upload(signs, 1, n)) as Tensor2D;
}

/** `H₁ H₂ … = I - Y T Yᵀ` for reflections of Gaussian vectors, the j-th one shorter by j; writes the signs of the diagonal of `R`. */
function reflections(height: number, width: number, normal: () => number, signs: Float64Array, start: number): { y: Tensor2D; t: Tensor2D } {
  const rows = new Float32Array(width * height); // unit vectors, one a row, rounded as the backend sees them
  for (let j = 0; j < width; j++) {
    const at = j * height;
    let sum = 0;
    for (let i = j; i < height; i++) {
      const x = normal();
      rows[at + i] = x;
      sum += x * x;
    }
    const first = rows[at + j]!;
    const length = Math.sqrt(sum);
    // H x = -sign(x₁) |x| e₁; in one dimension H = -1 would say the same twice, so the vector is left zero there.
    signs[start + j] = height - j === 1 ? Math.sign(first) || 1 : first > 0 ? -1 : 1;
    if (height - j === 1) {
      rows[at + j] = 0;
      continue;
    }
    const scale = 1 / Math.sqrt(2 * length * (length + Math.abs(first)));
    rows[at + j] = first + (first > 0 ? length : -length);
    for (let i = j; i < height; i++) rows[at + i]! *= scale;
  }
  // T⁻¹ = strict upper part of YᵀY + diag(1/2) for H = I - 2 y yᵀ; its transpose is lower triangular.
  const inverse = lowerGram(rows, width, height);
  for (let j = 0; j < width; j++) inverse[j * width + j] = 0.5;
  return {
    y: tf.tidy(() => tf.transpose(tf.tensor2d(rows, [width, height]))),
    t: upload(transposed(invertLower(inverse, width), width, width), width, width),
  };
}

/** Products of rows, `"count count"`, the lower triangle; row `j` begins with `j` zeros. Two rows by four at a time: a single running sum would wait for each of its additions. */
function lowerGram(rows: Float32Array, count: number, length: number): Float64Array {
  const gram = new Float64Array(count * count);
  for (let j = 0; j < count; j += 2) {
    const pair = Math.min(j + 1, count - 1);
    for (let k = 0; k <= pair; k += 4) {
      const [p, q, r, s] = [k, Math.min(k + 1, pair), Math.min(k + 2, pair), Math.min(k + 3, pair)] as [number, number, number, number];
      let [jp, jq, jr, js, pp, pq, pr, ps] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let i = j; i < length; i++) {
        const first = rows[j * length + i]!;
        const second = rows[pair * length + i]!;
        jp += first * rows[p * length + i]!;
        jq += first * rows[q * length + i]!;
        jr += first * rows[r * length + i]!;
        js += first * rows[s * length + i]!;
        pp += second * rows[p * length + i]!;
        pq += second * rows[q * length + i]!;
        pr += second * rows[r * length + i]!;
        ps += second * rows[s * length + i]!;
      }
      for (const [row, column, value] of [[j, p, jp], [j, q, jq], [j, r, jr], [j, s, js], [pair, p, pp], [pair, q, pq], [pair, r, pr], [pair, s, ps]] as const) {
        if (column <= row) gram[row * count + column] = value;
      }
    }
  }
  return gram;
}

// A few leading eigenvectors of a large symmetric positive semidefinite matrix, from a start that may be close already.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { magnitude, matrixShape, requireInteger, squareSide, unitOf } from "./check.js";
import { LinalgError } from "./errors.js";
import { randomSigns } from "./gaussian.js";
import { leadingColumns, read, upload } from "./host-matrix.js";
import { subspaceIteration } from "./power.js";
import { scoped } from "./scoped.js";
import { columnSigns } from "./signs.js";
import { leadingEigen, symmetricEigenHost, type SymmetricEigen } from "./symmetric-eigen.js";

export interface TopEigenOptions {
  /** `"n p"`: columns near the wanted vectors, the result of an earlier call for instance. It stays the caller's. Default: random. */
  readonly start?: Tensor2D;
  /** Products with `a` before the last one, which measures. Default 6, with `start` 2. */
  readonly iterations?: number;
  /** Directions carried along beyond `k`; they are random where `start` has fewer columns. Default 8. */
  readonly oversample?: number;
  /** Integer that fixes the random directions. Default 0. */
  readonly seed?: number;
}

const exactSide = 64;

/**
 * The `k` largest eigenvalues of a symmetric positive semidefinite `a: "n n"` (a Gram or covariance matrix) and their vectors, by subspace iteration with products on the backend; small matrices (`n <= 64` or `n <= k + oversample`) exactly.
 *
 * Called again on a matrix that has changed a little, with the last vectors as `start`, two iterations follow it closely: one such call at n = 768, k = 32 is five products of `a` with a thin matrix.
 * Only `"q q"` matrices, `q = k + oversample`, and the result are read. A zero matrix gives zeros and arbitrary orthonormal vectors.
 *
 * Signs: the entry of largest magnitude of each vector (the first, on ties) is positive.
 *
 * @returns `values: "k"` descending, `vectors: "n k"` in columns; the caller disposes `vectors` and keeps `a`. Values are Rayleigh quotients, so they are not above the exact ones (to rounding).
 * @throws LinalgError `SHAPE_MISMATCH` if `a` is not square or `start` has another height, `NOT_FINITE` for NaN or infinity (seen in the sum of magnitudes), `INVALID_OPTION` for `k` outside `[1, n]` or a bad option.
 */
export async function topEigen(a: Tensor2D, k: number, options: TopEigenOptions = {}): Promise<SymmetricEigen> {
  const where = "topEigen";
  const { start, iterations = start ? 2 : 6, oversample = 8, seed = 0 } = options;
  const n = squareSide(where, "a", a);
  requireInteger(where, "k", k, 1, n);
  requireInteger(where, "iterations", iterations, 0);
  requireInteger(where, "oversample", oversample, 0);
  requireInteger(where, "seed", seed, Number.MIN_SAFE_INTEGER);
  if (start) {
    const [rows, columns] = matrixShape(where, "start", start);
    if (rows !== n) throw new LinalgError("SHAPE_MISMATCH", `${where}: \`start\` must have as many rows as \`a\`, ${n}, got shape [${rows}, ${columns}].`, { n, shape: [rows, columns] });
  }
  if (n <= exactSide || k + oversample >= n) return leadingEigen(where, a, k);

  const unit = unitOf(await magnitude(where, "a", a));
  if (start) await magnitude(where, "start", start);
  return scoped(async ({ own, free, release }) => {
    const x = own(tf.tidy(() => (unit === 1 ? tf.cast(a, "float32") : tf.div(tf.cast(a, "float32"), unit)) as Tensor2D));
    const given = Math.min(start?.shape[1] ?? 0, n);
    const q = Math.max(k + oversample, given);
    const first = own(
      tf.tidy(() => {
        const parts: Tensor2D[] = [];
        if (start) parts.push(tf.slice(tf.cast(start, "float32"), [0, 0], [n, given]));
        if (given < q) parts.push(tf.tensor2d(randomSigns(n * (q - given), seed), [n, q - given]));
        return tf.concat2d(parts, 1);
      }),
    );
    const basis = own(await subspaceIteration(first, (y) => tf.matMul(x, y), iterations, seed));
    free(first);

    // Rayleigh–Ritz: the best eigenvectors that the basis holds.
    const small = await read(tf.tidy(() => tf.matMul(tf.transpose(basis), tf.matMul(x, basis))));
    const { values, vectors } = symmetricEigenHost(Float64Array.from(small), q);
    const unsigned = own(tf.tidy(() => tf.matMul<Tensor2D>(basis, upload(leadingColumns(vectors, q, k), q, k))));
    const sign = columnSigns(await read(tf.clone(unsigned)), n, k);
    const signed = own(tf.tidy(() => tf.mul(unsigned, upload(sign, 1, k)) as Tensor2D));
    return { values: values.slice(0, k).map((value) => value * unit), vectors: release(signed) };
  });
}

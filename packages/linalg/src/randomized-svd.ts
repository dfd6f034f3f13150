// Leading singular values and vectors of a large matrix by a random sketch and subspace iteration.
// Halko, Martinsson, Tropp: Finding structure with randomness, SIAM Review 53 (2011), algorithms 4.4 and 5.1. Our own: Chebyshev shifts (power.ts), Cholesky in place of Householder QR, and always working on the shorter side.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { magnitude, matrixShape, meanMagnitude, requireInteger, unitOf } from "./check.js";
import { orthonormalColumns } from "./cholesky-qr.js";
import { LinalgError } from "./errors.js";
import { randomSigns } from "./gaussian.js";
import { leadingColumns, read, transposed, upload } from "./host-matrix.js";
import { hostQr } from "./host-qr.js";
import { subspaceIteration } from "./power.js";
import { scoped } from "./scoped.js";
import { columnSigns } from "./signs.js";
import { leadingSvd, svdHost, type Svd } from "./svd.js";
import { symmetricEigenHost } from "./symmetric-eigen.js";

export interface RandomizedSvdOptions {
  /** Extra directions of the sketch, dropped at the end. Default 8. */
  readonly oversample?: number;
  /** Products with `a aᵀ` after the first look at `a`. Default 4, and 10 where the shorter side is at most 256, so that they cost little; 0 is a bare sketch. */
  readonly powerIterations?: number;
  /** Integer that fixes the sketch. Default 0. */
  readonly seed?: number;
  /** `"exact"`: the slow decomposition of {@link svd}, cut to `r`. `"randomized"`: never that. Default `"auto"`: exact where the shorter side is at most 64 or not longer than the sketch, randomized otherwise. */
  readonly solver?: "auto" | "exact" | "randomized";
}

/** Shorter sides up to this are decomposed exactly: it takes no longer there. */
const exactSide = 64;

/**
 * The `r` leading singular values and vectors of `a: "m n"`: `a ≈ u diag(s) vᵀ`, close to the best approximation of rank `r`.
 *
 * How close: the error is at most 0.5 % above the optimum at the default settings on flat, noisy spectra (the signs of a gradient, 768×3072, r = 64), the energy captured within 0.1 % of the exact decomposition's for σᵢ = i^-½. Where singular values
 * lie close together the single vectors are not determined by the data, though the approximation is good: compare products, not vectors. Singular values below 1e-7 of the largest are float32 noise.
 *
 * Work: `2 * powerIterations + 2` products of `a` with `r + oversample` columns, on the backend. Nothing larger than `v` is read. `u` and `v` are orthonormal to about 1e-6, also for zero and rank-deficient matrices, whose missing
 * directions are random; never NaN. The same seed gives the same numbers up to the rounding of the backend.
 *
 * Signs: in each column of `v` the entry of largest magnitude (the first, on ties) is positive; `u` follows.
 *
 * @param a `"m n"`; stays the caller's.
 * @param r from 1 to `min(m, n)`.
 * @returns `u: "m r"`, `s` descending, `v: "n r"`; the caller disposes `u` and `v`.
 * @throws LinalgError `INVALID_OPTION` for a bad `r` or option, `SHAPE_MISMATCH` if `a` is not a non-empty matrix, `NOT_FINITE` if it holds NaN or infinity (seen in the sketch, before anything else is computed).
 *
 * @example
 * const { u, s, v } = await randomizedSvd(gradient, 16, { seed: 1 });
 */
export async function randomizedSvd(a: Tensor2D, r: number, options: RandomizedSvdOptions = {}): Promise<Svd> {
  const where = "randomizedSvd";
  const [m, n] = matrixShape(where, "a", a);
  const short = Math.min(m, n);
  const { oversample = 8, powerIterations = short <= 256 ? 10 : 4, seed = 0, solver = "auto" } = options;
  requireInteger(where, "r", r, 1, short);
  requireInteger(where, "oversample", oversample, 0);
  requireInteger(where, "powerIterations", powerIterations, 0);
  requireInteger(where, "seed", seed, Number.MIN_SAFE_INTEGER);
  if (solver !== "auto" && solver !== "exact" && solver !== "randomized") {
    throw new LinalgError("INVALID_OPTION", `${where}: \`solver\` must be "auto", "exact" or "randomized", got ${JSON.stringify(solver)}.`, { solver });
  }
  if (solver === "exact" || (solver === "auto" && (short <= exactSide || r + oversample >= short))) return leadingSvd(where, a, r);

  return scoped(async ({ own, free }) => {
    const wide = m <= n;
    const q = Math.min(r + oversample, short);
    let x = own<Tensor2D>(tf.cast(a, "float32"));
    // Both products put the thin operand where no transpose of `a` is needed: a transposed operand is slow on WebAssembly, and a transposed copy of `a` costs as much as two products.
    const rowsTimes = (z: Tensor2D): Tensor2D => tf.matMul(x, z); // a z
    const columnsTimes = (y: Tensor2D): Tensor2D => tf.transpose(tf.matMul<Tensor2D>(tf.transpose(y), x)); // aᵀ y
    const [toShort, toLong] = wide ? [rowsTimes, columnsTimes] : [columnsTimes, rowsTimes];

    const signs = own(tf.tensor2d(randomSigns(Math.max(m, n) * q, seed), [Math.max(m, n), q]));
    let sketch = own(tf.tidy(() => toShort(signs)));
    // NaN and infinity in `a` are in the sketch as well, as every entry of it adds up a row of `a` with signs; and it tells how large `a` is. `a` itself is looked at only in case of doubt.
    const size = (await meanMagnitude(sketch)) / Math.sqrt(Math.max(m, n));
    let unit = 1;
    if (!(unitOf(size) === 1 && size > 0)) {
      unit = unitOf(await magnitude(where, "a", x));
      free(sketch);
      const scaled = own(tf.div(x, unit) as Tensor2D);
      free(x);
      x = scaled;
      sketch = own(tf.tidy(() => toShort(signs)));
    }
    free(signs);
    const basis = own(await subspaceIteration(sketch, (y) => tf.tidy(() => toShort(toLong(y))), powerIterations, seed)); // "short q"
    free(sketch);

    // aᵀ basis = longBasis lᵀ, so a ≈ basis l longBasisᵀ, and only the small l is left to decompose.
    const image = own(tf.tidy(() => toLong(basis)));
    const { q: longBasis, l } = await orthonormalColumns(image, { seed });
    own(longBasis);
    free(image);
    const { left, s, right } = decomposeSmall(l, q, r);
    const [shortSide, longSide] = tf.tidy(() => [tf.matMul(basis, upload(left, q, r)), tf.matMul(longBasis, upload(right, q, r))]) as [Tensor2D, Tensor2D];
    own(shortSide);
    own(longSide);
    const [u, v] = wide ? [shortSide, longSide] : [longSide, shortSide];
    const sign = columnSigns(await read(tf.clone(v)), n, r);
    const [signedU, signedV] = tf.tidy(() => {
      const row = upload(sign, 1, r);
      return [tf.mul(u, row), tf.mul(v, row)];
    }) as [Tensor2D, Tensor2D];
    return { u: signedU, s: s.map((x) => x * unit), v: signedV };
  });
}

/** `l ≈ left diag(s) rightᵀ` for a small `"q q"` host matrix, the `r` leading parts; `left`, `right`: `"q r"` row-major. */
function decomposeSmall(l: Float64Array, q: number, r: number): { left: Float64Array; s: Float64Array; right: Float64Array } {
  // The eigenvectors of l lᵀ are a third of the price of an SVD; squaring in float64 is harmless for numbers known to float32.
  const square = new Float64Array(q * q);
  for (let i = 0; i < q; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k <= j; k++) sum += l[i * q + k]! * l[j * q + k]!;
      square[i * q + j] = sum;
      square[j * q + i] = sum;
    }
  }
  const { values, vectors } = symmetricEigenHost(square, q);
  if (!(values[r - 1]! > 1e-10 * values[0]!)) return exactSmall(l, q, r);
  const left = leadingColumns(vectors, q, r);
  // lᵀ left has orthogonal columns, of the singular values as lengths.
  const columns = new Float64Array(r * q);
  for (let j = 0; j < r; j++) for (let i = 0; i < q; i++) for (let k = 0; k <= i; k++) columns[j * q + k]! += l[i * q + k]! * left[i * r + j]!;
  return { left, s: values.slice(0, r).map(Math.sqrt), right: transposed(hostQr(columns, q, r).q, r, q) };
}

/** The same where singular values reach down to the noise, so that squares do not tell them apart. */
function exactSmall(l: Float64Array, q: number, r: number): { left: Float64Array; s: Float64Array; right: Float64Array } {
  const { u, s, v } = svdHost(l, q, q);
  return { left: leadingColumns(u, q, r), s: s.slice(0, r), right: leadingColumns(v, q, r) };
}

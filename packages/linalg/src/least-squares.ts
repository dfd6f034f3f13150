// Linear least squares, regularized or of minimum norm.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { magnitude, matrixShape, requireNonNegative, unitOf } from "./check.js";
import { LinalgError } from "./errors.js";
import { transposed, upload } from "./host-matrix.js";
import { scoped } from "./scoped.js";
import { svdHost } from "./svd.js";
import { blockQr } from "./thin-qr.js";
import { invertLower, smallestSingularValue } from "./triangular.js";

export interface LeastSquaresOptions {
  /** λ of the penalty `λ |x|²`. Default 0. */
  readonly ridge?: number;
  /** Singular values up to this part of the largest count as zero; giving it asks for the exact decomposition. Default: `max(m, n) * 2^-23`, looked for only where the matrix is that close to singular. */
  readonly tolerance?: number;
}

/**
 * The `x: "n k"` that minimizes `|a x - b|² + ridge |x|²` for `a: "m n"`, `b: "m k"`, each column of `b` on its own. Where many do (fewer rows than columns, dependent columns, no ridge), the one of smallest norm.
 *
 * By QR of `a` (tall) or `aᵀ` (wide), with `√ridge I` below it where there is a ridge, so the condition is not squared. The products run on the backend.
 * Numerically singular matrices, and calls with `tolerance`, take the exact SVD on the host, which is slow above some 256 on the shorter side.
 *
 * @returns `x`; the caller disposes it and keeps `a` and `b`.
 * @throws LinalgError `SHAPE_MISMATCH` if `b` has not as many rows as `a`, `NOT_FINITE` if either holds NaN or infinity (seen in the sums of magnitudes), `INVALID_OPTION` for a negative ridge or tolerance.
 * @see Golub, Van Loan: Matrix Computations, sections 5.3, 5.5 and 6.1.
 */
export async function leastSquares(a: Tensor2D, b: Tensor2D, options: LeastSquaresOptions = {}): Promise<Tensor2D> {
  const where = "leastSquares";
  const { ridge = 0, tolerance } = options;
  const [m, n] = matrixShape(where, "a", a);
  const [rows] = matrixShape(where, "b", b);
  if (rows !== m) throw new LinalgError("SHAPE_MISMATCH", `${where}: \`b\` must have as many rows as \`a\`, ${m}, got ${rows}.`, { a: a.shape, b: b.shape });
  requireNonNegative(where, "ridge", ridge);
  if (tolerance !== undefined) requireNonNegative(where, "tolerance", tolerance);
  const size = await magnitude(where, "a", a);
  await magnitude(where, "b", b);
  const cutoff = tolerance ?? Math.max(m, n) * 2 ** -23;
  const unit = unitOf(size);
  const byQr = tolerance === undefined && size > 0 ? await throughQr(a, b, Math.sqrt(ridge) / unit, unit, cutoff) : undefined;
  return byQr ?? throughSvd(a, b, ridge, cutoff);
}

/** With `M = [A; root I]` (of `Aᵀ` if wide) and `M = [Q; Q₂] R`: `x = R⁻¹ Qᵀ b`, or `Q R⁻ᵀ b` if wide. Undefined where `R` is singular to `cutoff`. */
function throughQr(a: Tensor2D, b: Tensor2D, root: number, unit: number, cutoff: number): Promise<Tensor2D | undefined> {
  return scoped(async ({ own }) => {
    const [m, n] = a.shape;
    const wide = m < n;
    const [long, short] = wide ? [n, m] : [m, n];
    const x = own(tf.tidy(() => tf.div(tf.cast(a, "float32"), unit) as Tensor2D));
    const y = own(tf.cast(b, "float32") as Tensor2D);
    const tall = own(tf.tidy(() => (wide ? tf.transpose(x) : tf.clone(x)) as Tensor2D));
    const stacked = root > 0 ? own(tf.tidy(() => tf.concat2d([tall, tf.mul(tf.eye(short), root) as Tensor2D], 0))) : tall;
    const { q, l } = await blockQr(stacked, 0);
    own(q);
    const largest = Math.sqrt(l.reduce((sum, value) => sum + value * value, 0));
    if (!(smallestSingularValue(l, short) > cutoff * largest)) return undefined;

    const inverse = invertLower(l, short); // R⁻ᵀ
    return tf.tidy(() => {
      const upper = tf.slice(q, [0, 0], [long, short]);
      const solution = wide ? tf.matMul(upper, tf.matMul(upload(inverse, short, short), y)) : tf.matMul(upload(transposed(inverse, short, short), short, short), tf.matMul(tf.transpose(upper), y));
      return tf.div(solution, unit) as Tensor2D;
    });
  });
}

/** `x = V diag(s / (s² + ridge)) Uᵀ b` over the singular values above the cutoff. */
async function throughSvd(a: Tensor2D, b: Tensor2D, ridge: number, cutoff: number): Promise<Tensor2D> {
  const [m, n] = a.shape;
  const k = Math.min(m, n);
  const { u, s, v } = svdHost(Float64Array.from(await a.data()), m, n);
  const scaled = Float64Array.from(v, (value, at) => {
    const sigma = s[at % k]!;
    return sigma > cutoff * s[0]! ? (value * sigma) / (sigma * sigma + ridge) : 0;
  });
  return tf.tidy(() => tf.matMul<Tensor2D>(upload(scaled, n, k), tf.matMul(tf.transpose(upload(u, m, k)), tf.cast(b, "float32"))));
}

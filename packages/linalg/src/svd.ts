// The exact singular value decomposition, on the host in float64: the yardstick, and the way for small matrices.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { matrixShape, requireFinite } from "./check.js";
import { leadingColumns, transposed, upload } from "./host-matrix.js";
import { hostQr } from "./host-qr.js";
import { columnSigns } from "./signs.js";

/** `a ≈ u diag(s) vᵀ`; the caller disposes `u` and `v`. */
export interface Svd {
  /** `"m k"`, orthonormal columns. */
  u: Tensor2D;
  /** `k` singular values, descending, not negative. */
  s: Float64Array;
  /** `"n k"`, orthonormal columns; the largest entry of each is positive. */
  v: Tensor2D;
}

/**
 * Full (thin) singular value decomposition of `a: "m n"`, `a = u diag(s) vᵀ` with `k = min(m, n)`: exact, in float64 on the host, by ml-matrix after a QR step that makes the matrix square.
 * A slow path by design: 15 ms at 72×72, 0.5 s at 256×256, 17 s at 768×768. {@link randomizedSvd} is for large matrices of which the leading part is wanted.
 *
 * Signs: in each column of `v` the entry of largest magnitude (the first, on ties) is positive; `u` follows. Vectors of singular values that are zero are arbitrary but orthonormal.
 *
 * @returns `u: "m k"`, `s`, `v: "n k"`; the caller disposes `u` and `v` and keeps `a`.
 * @throws LinalgError `SHAPE_MISMATCH` if `a` is not a non-empty matrix, `NOT_FINITE` if it holds NaN or infinity.
 */
export async function svd(a: Tensor2D): Promise<Svd> {
  const [m, n] = matrixShape("svd", "a", a);
  return leadingSvd("svd", a, Math.min(m, n));
}

/** The `r` leading parts of the exact decomposition. */
export async function leadingSvd(where: string, a: Tensor2D, r: number): Promise<Svd> {
  const [m, n] = a.shape;
  const data = Float64Array.from(await a.data());
  requireFinite(where, "a", data, [m, n]);
  const { u, s, v } = svdHost(data, m, n);
  const k = Math.min(m, n);
  const sign = columnSigns(v, n, k);
  const leading = (x: Float64Array, rows: number): Tensor2D => upload(leadingColumns(x, k, r).map((value, at) => value * sign[at % r]!), rows, r);
  return { u: leading(u, m), s: s.slice(0, r), v: leading(v, n) };
}

/** Singular value decomposition of a row-major `"m n"` host matrix: `u: "m k"`, `s: "k"` descending, `v: "n k"`, row-major, signs as they come. */
export function svdHost(data: Float64Array, m: number, n: number): { u: Float64Array; s: Float64Array; v: Float64Array } {
  if (m < n) {
    const { u, s, v } = svdHost(transposed(data, m, n), n, m);
    return { u: v, s, v: u };
  }
  const largest = data.reduce((so, x) => Math.max(so, Math.abs(x)), 0) || 1;
  const { q, r } = hostQr(transposed(data, m, n).map((x) => x / largest), m, n, 0, 2 ** -50); // A = Q R
  const inner = new SingularValueDecomposition(Matrix.from1DArray(n, n, r)); // R = U' S Vᵀ
  const s = Float64Array.from(inner.diagonal, (x) => x * largest);
  return { u: multiplyColumns(q, m, n, inner.leftSingularVectors), s, v: Float64Array.from(inner.rightSingularVectors.to1DArray()) };
}

/** `Q U` for `q` of contiguous columns; row-major. */
function multiplyColumns(q: Float64Array, m: number, n: number, u: Matrix): Float64Array {
  const columns = new Float64Array(n * m);
  for (let j = 0; j < n; j++) {
    for (let l = 0; l < n; l++) {
      const factor = u.get(l, j);
      for (let i = 0; i < m; i++) columns[j * m + i]! += factor * q[l * m + i]!;
    }
  }
  return transposed(columns, n, m);
}

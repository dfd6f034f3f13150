// Eigenvalues of a symmetric matrix, exactly, on the host.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { requireFinite, requireInteger, squareSide } from "./check.js";
import { LinalgError } from "./errors.js";
import { leadingColumns, upload } from "./host-matrix.js";
import { columnSigns } from "./signs.js";

/** Eigenvalues, largest first, and the matching eigenvectors; the caller disposes `vectors`. */
export interface SymmetricEigen {
  /** `k` values, descending. */
  values: Float64Array;
  /** `"n k"`, orthonormal columns; the largest entry of each is positive. */
  vectors: Tensor2D;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix on the host, synchronously, in float64 by ml-matrix (Householder tridiagonalization, then implicit QL).
 * Time grows with n³: 4 ms at n = 72, 0.2 s at 256, 6 s at 768; {@link topEigen} is for large matrices of which a few vectors are wanted.
 *
 * @param data row-major `"n n"`, not changed. Only the symmetric part `(A + Aᵀ) / 2` counts.
 * @returns `values: "n"`, descending; `vectors: "n n"` row-major, eigenvector `j` in column `j`, the entry of largest magnitude (the first, on ties) positive.
 * @throws LinalgError `SHAPE_MISMATCH` if `data` has not `n * n` entries, `NOT_FINITE` if it holds NaN or infinity.
 */
export function symmetricEigenHost(data: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  return eigen("symmetricEigenHost", data, n);
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix `a: "n n"`, all or the `k` largest, computed as in {@link symmetricEigenHost} (the whole matrix is read).
 *
 * @param a a tensor, which stays the caller's, or row-major host data with their side.
 * @param options.k how many, from 1 to `n`; default all.
 * @returns values descending, vectors `"n k"` in columns; the caller disposes `vectors`.
 * @throws LinalgError `SHAPE_MISMATCH` if `a` is not square, `NOT_FINITE` for NaN or infinity, `INVALID_OPTION` for a bad `k`.
 */
export async function symmetricEigen(a: Tensor2D | { readonly data: Float64Array; readonly n: number }, options: { readonly k?: number } = {}): Promise<SymmetricEigen> {
  return leadingEigen("symmetricEigen", a, options.k);
}

/** `symmetricEigen` under another name for errors. */
export async function leadingEigen(where: string, a: Tensor2D | { readonly data: Float64Array; readonly n: number }, k?: number): Promise<SymmetricEigen> {
  const n = "shape" in a ? squareSide(where, "a", a) : a.n;
  const count = k ?? n;
  requireInteger(where, "k", count, 1, n);
  const { values, vectors } = eigen(where, "shape" in a ? Float64Array.from(await a.data()) : a.data, n);
  return { values: values.slice(0, count), vectors: upload(leadingColumns(vectors, n, count), n, count) };
}

function eigen(where: string, data: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  requireInteger(where, "n", n, 1);
  if (data.length !== n * n) throw new LinalgError("SHAPE_MISMATCH", `${where}: \`data\` must have n * n = ${n * n} entries, got ${data.length}.`, { n, length: data.length });
  requireFinite(where, "a", data, [n, n]);
  const symmetric = new Matrix(n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) symmetric.set(i, j, 0.5 * (data[i * n + j]! + data[j * n + i]!));
  const decomposition = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const ascending = decomposition.realEigenvalues;
  const columns = decomposition.eigenvectorMatrix;
  const order = ascending.map((_, i) => i).sort((i, j) => ascending[j]! - ascending[i]!);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) vectors[i * n + j] = columns.get(i, order[j]!);
  const sign = columnSigns(vectors, n, n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) vectors[i * n + j]! *= sign[j]!;
  return { values: Float64Array.from(order, (i) => ascending[i]!), vectors };
}

// QR by Householder reflections on the host in float64: the sure way, for matrices on which the fast way (cholesky-qr.ts) gives up.
// Golub and Van Loan, Matrix Computations, section 5.2. Columns are stored one after the other.
import { gaussian } from "./gaussian.js";

/** Residuals below this part of a column's length count as zero, where the data are float32. */
const float32Noise = 2 ** -22;

/**
 * `A = Q R` with `k = min(m, n)` orthonormal columns in `q` and a diagonal of `r` that is not negative. A column that depends on those before it gets a random direction (from `seed`) orthogonal to
 * all others and a zero on the diagonal, so `q` is orthonormal for every finite input, also zero.
 *
 * @param columns `"n m"`: the columns of `A`, each contiguous. Not changed.
 * @param dependent a column counts as dependent when less than this part of its length is new.
 * @returns `q: "k m"`, columns again contiguous; `r: "k n"` row-major.
 */
export function hostQr(columns: ArrayLike<number>, m: number, n: number, seed = 0, dependent = float32Noise): { q: Float64Array; r: Float64Array } {
  const k = Math.min(m, n);
  const a = Float64Array.from(columns);
  const reflectors = new Float64Array(k * m); // unit vectors v; H = I - 2 v vᵀ
  const sign = new Float64Array(k);
  const r = new Float64Array(k * n);
  const normal = gaussian(seed);

  for (let j = 0; j < n; j++) {
    const at = j * m;
    const length = norm(a, at, at + m);
    for (let i = 0; i < Math.min(j, k); i++) reflect(reflectors, i, m, a, at);
    for (let i = 0; i < Math.min(j, k); i++) r[i * n + j] = sign[i]! * a[at + i]!;
    if (j >= k) continue;
    let rest = norm(a, at + j, at + m);
    const zero = !(rest > dependent * length);
    if (zero) {
      for (let i = j; i < m; i++) a[at + i] = normal(); // in coordinates of the complement: any direction there is equally likely
      rest = norm(a, at + j, at + m);
    }
    const v = j * m;
    for (let i = j; i < m; i++) reflectors[v + i] = a[at + i]! / rest;
    const first = reflectors[v + j]!;
    sign[j] = first > 0 ? -1 : 1; // H x = sign * |x| e1; the column of Q is turned so that the diagonal is positive
    reflectors[v + j] = first - sign[j]!;
    const size = norm(reflectors, v + j, v + m);
    for (let i = j; i < m; i++) reflectors[v + i]! /= size;
    r[j * n + j] = zero ? 0 : rest;
  }

  const q = new Float64Array(k * m);
  for (let j = 0; j < k; j++) {
    q[j * m + j] = sign[j]!;
    for (let i = j; i >= 0; i--) reflect(reflectors, i, m, q, j * m);
  }
  return { q, r };
}

function reflect(reflectors: Float64Array, i: number, m: number, x: Float64Array, at: number): void {
  const v = i * m;
  let dot = 0;
  for (let t = i; t < m; t++) dot += reflectors[v + t]! * x[at + t]!;
  if (dot === 0) return;
  dot *= 2;
  for (let t = i; t < m; t++) x[at + t]! -= dot * reflectors[v + t]!;
}

function norm(x: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i]! * x[i]!;
  return Math.sqrt(sum);
}

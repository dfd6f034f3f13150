// Eigenpairs of a real skew-symmetric matrix without a general eigensolver: Householder reflections to tridiagonal form, whose
// eigenvalue problem is that of a real symmetric tridiagonal matrix up to a diagonal of powers of −i.
import { symmetricEigenHost } from "@warmstart/linalg";

/** Of S v = i ω v the pairs with ω > 0, by descending ω; each v has norm 1 and a real, positive first entry. */
export interface SkewEigen {
  /** `"M"` frequencies ω. */
  readonly frequencies: Float64Array;
  /** `"N M"` row-major: eigenvector c in column c. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
}

/** Eigenpairs of the skew-symmetric `s: "n n"`, n even, S regular. */
export function skewEigen(s: Float64Array, n: number): SkewEigen {
  const { q, t } = tridiagonalize(s, n);
  const j = new Float64Array(n * n);
  for (let k = 0; k < n - 1; k++) j[k * n + k + 1] = j[(k + 1) * n + k] = t[k]!;
  const { values, vectors } = symmetricEigenHost(j, n);
  const pairs = n / 2;
  const [vRe, vIm] = [new Float64Array(n * pairs), new Float64Array(n * pairs)];
  for (let c = 0; c < pairs; c++) {
    const sign = vectors[c]! < 0 ? -1 : 1; // the first entry of Q D y is y₀: reflections leave e₀ alone
    for (let k = 0; k < n; k++) {
      const y = sign * vectors[k * n + c]!;
      const target = k % 2 === 0 ? vRe : vIm; // D_k = (−i)^k
      const factor = [1, -1, -1, 1][k % 4]! * y;
      for (let i = 0; i < n; i++) target[i * pairs + c]! += q[i * n + k]! * factor;
    }
  }
  return { frequencies: values.slice(0, pairs), vRe, vIm };
}

/** `S = Q T Qᵀ` with T skew and tridiagonal, `t[k] = T[k+1, k]`. Reflections act on indices from 1 up. */
function tridiagonalize(s: Float64Array, n: number): { q: Float64Array; t: Float64Array } {
  const a = Float64Array.from(s);
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  const v = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    v.fill(0);
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm = Math.hypot(norm, (v[i] = a[i * n + k]!));
    if (norm === 0) continue;
    v[k + 1]! += v[k + 1]! < 0 ? -norm : norm;
    const beta = 2 / v.reduce((sum, value) => sum + value * value, 0);
    const p = product(a, v, n, beta);
    for (let i = 0; i < n; i++) for (let l = 0; l < n; l++) a[i * n + l]! += v[i]! * p[l]! - p[i]! * v[l]!; // H A H, for skew A
    const w = product(q, v, n, beta);
    for (let i = 0; i < n; i++) for (let l = k + 1; l < n; l++) q[i * n + l]! -= w[i]! * v[l]!;
  }
  return { q, t: Float64Array.from({ length: n - 1 }, (_, k) => a[(k + 1) * n + k]!) };
}

function product(a: Float64Array, v: Float64Array, n: number, factor: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let l = 0; l < n; l++) sum += a[i * n + l]! * v[l]!;
    return factor * sum;
  });
}

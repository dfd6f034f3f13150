// HiPPO-LegS (Gu, Dao, Ermon, Rudra, Ré 2020, arXiv:2008.07669), the matrix that S4D-LegS takes its spectrum from.
import { requireDState, requireInteger } from "./check.js";

/** The matrices of HiPPO-LegS, row-major, float64. */
export interface HippoLegS {
  /** `"N N"`: −√(2n+1)√(2k+1) below the diagonal, −(n+1) on it, 0 above. */
  readonly a: Float64Array;
  /** `"N"`: √(2n+1). */
  readonly b: Float64Array;
  /** `"N"`: √(n + 1/2), the low-rank part. */
  readonly p: Float64Array;
  /** `"N N"`: A + P Pᵀ + I/2, skew-symmetric: the normal part of A without its real part. */
  readonly skew: Float64Array;
}

/**
 * HiPPO-LegS: A, B and the splitting A = (−I/2 + skew) − P Pᵀ into a normal matrix and one of rank one.
 *
 * Never diagonalise A itself: its eigenvalues are −1 … −N, but the eigenvectors are ill-conditioned exponentially. {@link legsDiagonal} diagonalises the normal part.
 *
 * @param dState `N`, even, at least 2.
 * @throws {WarmstartError} INVALID_OPTION for another `dState`.
 *
 * @see Gu et al. 2022 (arXiv:2206.11893), §3; `transition("legs")` and `rank_correction` of the authors' code.
 */
export function hippoLegS(dState: number): HippoLegS {
  requireDState("hippoLegS", dState);
  const n = dState;
  const b = Float64Array.from({ length: n }, (_, i) => Math.sqrt(2 * i + 1));
  const p = b.map((r) => r * Math.SQRT1_2);
  const [a, skew] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++) {
    a[i * n + i] = -(i + 1);
    for (let k = 0; k < i; k++) {
      const product = b[i]! * b[k]!;
      a[i * n + k] = -product;
      skew[i * n + k] = -product / 2;
      skew[k * n + i] = product / 2;
    }
  }
  return { a, b, p, skew };
}

/**
 * The basis functions of HiPPO-LegS, `[e^{tA} B]_n = √(2n+1) e^{−t} P_n(2e^{−t} − 1)` with Legendre's P_n: what the kernels of S4D-LegS (with B halved) tend to as N grows.
 *
 * @param count how many functions, n = 0 … count − 1.
 * @param times `"T"`, each at least 0.
 * @returns `"count T"`, row-major.
 * @throws {WarmstartError} INVALID_OPTION for a `count` below 1.
 */
export function legsBasis(count: number, times: ArrayLike<number>): Float64Array {
  requireInteger("legsBasis", "count", count, 1, "It counts basis functions.");
  const steps = times.length;
  const basis = new Float64Array(count * steps);
  for (let i = 0; i < steps; i++) {
    const decay = Math.exp(-times[i]!);
    const x = 2 * decay - 1;
    let [before, now] = [0, 1]; // (n+1) P_{n+1} = (2n+1) x P_n − n P_{n−1}
    for (let n = 0; n < count; n++) {
      basis[n * steps + i] = Math.sqrt(2 * n + 1) * decay * now;
      [before, now] = [now, ((2 * n + 1) * x * now - n * before) / (n + 1)];
    }
  }
  return basis;
}

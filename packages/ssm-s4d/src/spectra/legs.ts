// S4D-LegS: the diagonal of the normal part of HiPPO-LegS. Gu et al. 2022 (arXiv:2206.11893), §3–4; `nplr` and `dplr(init="legs")` of the authors' code.
import { WarmstartError } from "@warmstart/init-core";
import { requireDState } from "../check.js";
import { hippoLegS } from "../hippo-legs.js";
import { skewEigen } from "../skew-eigen.js";

export interface LegsDiagonalOptions {
  /** The imaginary part of B is clipped to ±bClip, null for no clip. Default 2, as in the authors' code. */
  readonly bClip?: number | null;
  /** B / 2, as the convergence theorem has it; the authors' code does not halve. Halved after the clip. Default false. */
  readonly halveB?: boolean;
}

/** S4D-LegS with M = N/2 modes, the half with positive imaginary part, by descending frequency. */
export interface LegsDiagonal {
  /** `"M"`: −1/2 everywhere. */
  readonly aRe: Float64Array;
  /** `"M"`: frequencies. */
  readonly aIm: Float64Array;
  /** `"M"`: V* B. */
  readonly bRe: Float64Array;
  readonly bIm: Float64Array;
  /** `"M"`: V* P, the low-rank part in this basis, which S4D drops. */
  readonly pRe: Float64Array;
  readonly pIm: Float64Array;
  /** `"N M"` row-major: eigenvectors in columns, each of norm 1 with a real, positive first entry. */
  readonly vRe: Float64Array;
  readonly vIm: Float64Array;
}

/**
 * Eigenvalues −1/2 + iω and input vector of S4D-LegS in float64 on the host: Householder reduction of the skew part, then a symmetric tridiagonal eigenproblem. Time grows with N³, some milliseconds at N = 64.
 *
 * The phase of an eigenvector is free, and the clip of Im B depends on it. Here the first entry is real and positive; LAPACK, behind the authors' code, makes it real with an arbitrary sign.
 *
 * @param dState `N`, even, at least 2 (the authors' code fails at 2).
 * @throws {WarmstartError} INVALID_OPTION for another `dState`, or a `bClip` that is not above 0.
 */
export function legsDiagonal(dState: number, { bClip = 2, halveB = false }: LegsDiagonalOptions = {}): LegsDiagonal {
  requireDState("legsDiagonal", dState);
  if (bClip !== null && !(bClip > 0)) throw new WarmstartError("INVALID_OPTION", `legsDiagonal: \`bClip\` must be a number above 0 or null, got ${bClip}. null leaves B as it is.`, { bClip });
  const modes = dState / 2;
  const { b, skew } = hippoLegS(dState);
  const { frequencies, vRe, vIm } = skewEigen(skew, dState);
  const [wRe, wIm] = [new Float64Array(modes), new Float64Array(modes)]; // V* B
  for (let n = 0; n < dState; n++) {
    for (let m = 0; m < modes; m++) {
      wRe[m]! += vRe[n * modes + m]! * b[n]!;
      wIm[m]! -= vIm[n * modes + m]! * b[n]!;
    }
  }
  const bound = bClip ?? Infinity;
  const factor = halveB ? 0.5 : 1;
  return {
    aRe: new Float64Array(modes).fill(-0.5),
    aIm: frequencies,
    bRe: wRe.map((re) => factor * re),
    bIm: wIm.map((im) => factor * Math.min(bound, Math.max(-bound, im))),
    pRe: wRe.map((re) => re * Math.SQRT1_2),
    pIm: wIm.map((im) => im * Math.SQRT1_2),
    vRe,
    vIm,
  };
}

// An orthonormal basis that contains the span of given columns.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { matrixShape, requireInteger } from "./check.js";
import { qr } from "./thin-qr.js";

/**
 * Orthonormal columns `"m k"`, `k = min(m, n)`, whose span contains that of `a: "m n"` (and equals it where `a` has full rank).
 * Zero or dependent columns are replaced by random directions, made from `seed`, orthogonal to everything else.
 *
 * @param options.seed integer, default 0; it only matters for degenerate input.
 * @returns the basis; the caller disposes it and keeps `a`.
 * @throws LinalgError `SHAPE_MISMATCH`, `NOT_FINITE` as {@link thinQr}; `INVALID_OPTION` for a seed that is not an integer.
 */
export async function orthonormalize(a: Tensor2D, options: { readonly seed?: number } = {}): Promise<Tensor2D> {
  const { seed = 0 } = options;
  matrixShape("orthonormalize", "a", a);
  requireInteger("orthonormalize", "seed", seed, Number.MIN_SAFE_INTEGER);
  const { q, r } = await qr("orthonormalize", a, seed);
  r.dispose();
  return q;
}

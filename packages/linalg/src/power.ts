// Subspace iteration with polynomial acceleration, shared by randomizedSvd and topEigen.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { orthonormalColumns } from "./cholesky-qr.js";
import { scoped } from "./scoped.js";
import { smallestSingularValue } from "./triangular.js";

/**
 * Orthonormal columns `"d q"` near the span of the `q` leading eigenvectors of a positive semidefinite operator `C`, after `steps` products with it.
 *
 * Plain subspace iteration applies `C^steps`; this applies `C (C - α₁) … (C - αₖ)` with the shifts at the zeros of a Chebyshev polynomial on `[0, b]`, where `b`, a lower bound of the `q`-th eigenvalue, is read off the triangular
 * factors on the way. The unwanted part `[0, b]` is damped evenly and as far as a polynomial of this degree can; the shifts cost nothing, and on slowly decaying spectra 4 steps do the work of 6 to 8 (Zhou, Saad, Tiago, Chelikowsky 2006
 * filter by Chebyshev polynomials; Feng, Yu, Xie 2022 choose shifts on the way. One factor at a time with orthonormalization in between, so that float32 suffices, is our choice).
 *
 * @param start `"d q"`, any columns; it stays the caller's.
 * @param apply multiplies `"d q"` by `C`; its result is disposed here.
 */
export function subspaceIteration(start: Tensor2D, apply: (q: Tensor2D) => Tensor2D, steps: number, seed: number): Promise<Tensor2D> {
  return scoped(async ({ own, free, release }) => {
    let q = own((await orthonormalColumns(start, { seed, rough: true })).q);
    const zeros = [0, ...chebyshevZeros(steps - 1)];
    let bound = 0;
    for (let step = 0; step < steps; step++) {
      const shift = bound * (zeros[step] ?? 0);
      const y = tf.tidy(() => (shift === 0 ? apply(q) : tf.sub(apply(q), tf.mul(q, shift)))) as Tensor2D;
      own(y);
      const next = await orthonormalColumns(y, { seed: seed + step + 1, rough: true });
      free(y);
      free(q);
      q = own(next.q);
      if (shift <= 0.5 * bound) bound = Math.max(bound, shift + smallestSingularValue(next.l, q.shape[1]));
    }
    return release(q);
  });
}

const largestDegree = 10;

/**
 * Zeros of Chebyshev polynomials on [0, 1], `count` in all: one polynomial as long as its degree is moderate, else several, since the last factors of one of high degree blow rounding errors up.
 * Small ones come first, for only shifts up to b/2 leave the estimate of b a lower bound.
 */
function chebyshevZeros(count: number): number[] {
  if (count <= 0) return [];
  const degree = Math.ceil(count / Math.ceil(count / largestDegree));
  const zeros = Array.from({ length: degree }, (_, i) => 0.5 * (1 - Math.cos(((i + 0.5) * Math.PI) / degree)));
  return [...zeros, ...chebyshevZeros(count - degree)];
}

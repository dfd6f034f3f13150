// The polar factor: the orthonormal matrix nearest to a given one.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { magnitude, matrixShape } from "./check.js";
import { read } from "./host-matrix.js";
import { scoped } from "./scoped.js";
import { leadingSvd } from "./svd.js";

/** `a = u p`; the caller disposes both. */
export interface Polar {
  /** `"m n"`, orthonormal columns (rows, for a wide matrix). */
  u: Tensor2D;
  /** `"n n"`, symmetric positive semidefinite. */
  p: Tensor2D;
}

const exactSide = 64;
const steps = 30;
/** Smallest ratio of singular values that the scaling of the iteration reckons with: below it float32 knows no direction. */
const smallestRatio = 1e-6;

/**
 * Polar decomposition `a = u p` of `a: "m n"`: `u` with orthonormal columns (rows, if `m < n`) and `p = (aᵀ a)^½`.
 *
 * Up to 64 on the shorter side by the exact SVD; above by the scaled Newton–Schulz iteration, whose products run on the backend, some 10 to 20 steps. Where it does not end orthonormal (a singular matrix) the exact SVD steps in,
 * slow on large matrices, and completes `u` with arbitrary orthonormal directions.
 *
 * @returns `u` and `p`; the caller disposes them and keeps `a`.
 * @throws LinalgError `SHAPE_MISMATCH` if `a` is not a non-empty matrix, `NOT_FINITE` if it holds NaN or infinity (seen in the sum of magnitudes).
 * @see J. Chen, E. Chow: A stable scaling of Newton–Schulz for improving the sign function computation of a Hermitian matrix, 2014.
 */
export async function polar(a: Tensor2D): Promise<Polar> {
  const u = await polarFactor("polar", a);
  const p = tf.tidy(() => {
    const product = tf.matMul(tf.transpose(u), tf.cast(a, "float32"));
    return tf.mul(tf.add(product, tf.transpose(product)), 0.5) as Tensor2D;
  });
  return { u, p };
}

/**
 * The matrix with orthonormal columns (rows, if `a` is wide) that is nearest to `a: "m n"` in every unitarily invariant norm: the `u` of {@link polar}.
 * `nearestOrthogonal(tf.matMul(yᵀ, x))` solves the orthogonal Procrustes problem.
 *
 * @returns `"m n"`; the caller disposes it and keeps `a`.
 * @throws LinalgError as {@link polar}.
 */
export async function nearestOrthogonal(a: Tensor2D): Promise<Tensor2D> {
  return polarFactor("nearestOrthogonal", a);
}

async function polarFactor(where: string, a: Tensor2D): Promise<Tensor2D> {
  const [m, n] = matrixShape(where, "a", a);
  const unit = await magnitude(where, "a", a);
  if (Math.min(m, n) > exactSide && unit > 0) {
    const u = await newtonSchulz(a, unit);
    if (u) return u;
  }
  const { u, v } = await leadingSvd(where, a, Math.min(m, n));
  const product = tf.tidy(() => tf.matMul<Tensor2D>(u, tf.transpose(v)));
  tf.dispose([u, v]);
  return product;
}

/**
 * X ← ρ X (3 I - ρ² XᵀX) / 2 with ρ from a lower bound of the singular values, which grows on the way: small ones are multiplied by up to 2.5 a step. A bound under 0.1 counts as 0.1, because the large ones, which
 * the same step maps down to the bound, would otherwise drown in float32 noise ("stable scaling"). Undefined if it does not end orthonormal.
 */
function newtonSchulz(a: Tensor2D, unit: number): Promise<Tensor2D | undefined> {
  return scoped(async ({ own, free }) => {
    const [m, n] = a.shape;
    const wide = m < n;
    const side = Math.min(m, n);
    const identity = own(tf.eye(side));
    let x = own(
      tf.tidy(() => {
        const tall = tf.div(tf.cast(wide ? tf.transpose(a) : a, "float32"), unit);
        const size = tf.abs(tall);
        return tf.div(tall, tf.sqrt(tf.mul(tf.max(tf.sum(size, 0)), tf.max(tf.sum(size, 1))))) as Tensor2D; // |X|₂² ≤ |X|₁ |X|∞
      }),
    );
    let low = smallestRatio;
    for (let step = 0; step < steps; step++) {
      const gram = own(tf.tidy(() => tf.matMul<Tensor2D>(tf.transpose(x), x)));
      if (low > 0.99) {
        const [error] = await read(tf.tidy(() => tf.max(tf.abs(tf.sub(gram, identity)))));
        if (!(error! > 1e-3)) {
          if (Number.isNaN(error)) return undefined;
          // One plain step squares the error.
          const last = tf.tidy(() => tf.matMul(x, tf.sub(tf.mul(identity, 1.5), tf.mul(gram, 0.5)) as Tensor2D)) as Tensor2D;
          if (!wide) return last;
          const turned = tf.transpose(last);
          last.dispose();
          return turned as Tensor2D;
        }
      }
      const bound = Math.max(low, 0.1);
      const rho = Math.sqrt(3 / (1 + bound + bound * bound));
      const next = tf.tidy(() => tf.matMul(x, tf.sub(tf.mul(identity, 1.5 * rho), tf.mul(gram, 0.5 * rho ** 3)) as Tensor2D)) as Tensor2D;
      low = Math.min(1, 0.5 * rho * low * (3 - rho * rho * low * low));
      free(x);
      free(gram);
      x = own(next);
    }
    return undefined;
  });
}

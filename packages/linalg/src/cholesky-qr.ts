// Orthonormal columns by the Cholesky factor of their Gram matrix: the long products on the backend, only "n n" on the host.
// CholeskyQR loses orthogonality with the square of the condition, so it is repeated until a pass starts from nearly orthonormal columns (CholeskyQR2, Yamamoto et al. 2015),
// with raised pivots in place of the shift of Fukaya et al. 2020 (shifted CholeskyQR3). What it cannot do (zero columns, exact dependence) goes to Householder reflections on the host.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { read, transposed, upload, uploadColumns } from "./host-matrix.js";
import { hostQr } from "./host-qr.js";
import { scoped } from "./scoped.js";
import { guardedCholesky, invertLower, multiplyLower } from "./triangular.js";

const passes = 4;
/** A pass that begins with a smallest squared sine above this ends orthonormal to float32. */
const nearlyOrthonormal = 0.3;
/** Below this, the rounding of `x l⁻ᵀ` shows in `q lᵀ`. */
const faithful = 1e-3;

/**
 * `x = q lᵀ` for `x: "m n"`, `m >= n`, of moderate size (see `magnitude`). `q` is orthonormal also when columns of `x` are zero or dependent (random directions from `seed`, diagonal of `l` zero); the diagonal of `l` is not negative.
 * The caller disposes `q` and keeps `x`.
 *
 * @param options.rough on ill-conditioned `x`, stay on the backend: `q` is orthonormal all the same, but `q lᵀ` may miss `x` by 1e-3 of its length. For iterations that need a basis only.
 */
export function orthonormalColumns(x: Tensor2D, { seed = 0, rough = false } = {}): Promise<{ q: Tensor2D; l: Float64Array }> {
  return scoped(async ({ own, free, release }) => {
    const n = x.shape[1];
    let q = own<Tensor2D>(tf.clone(x));
    let total: Float64Array | undefined;
    for (let pass = 0; pass < passes; pass++) {
      const { l, smallest } = guardedCholesky(await read(tf.tidy(() => tf.matMul(tf.transpose(q), q))), n);
      if (smallest < (rough ? Number.MIN_VALUE : faithful)) break;
      const inverse = transposed(invertLower(l, n), n, n);
      const next = own<Tensor2D>(tf.tidy(() => tf.matMul(q, upload(inverse, n, n))));
      free(q);
      q = next;
      total = total ? multiplyLower(total, l, n) : l; // x = (x l2⁻ᵀ) (l1 l2)ᵀ
      if (smallest > nearlyOrthonormal) return { q: release(q), l: total };
    }
    return onHost(x, seed);
  });
}

/** The same by Householder reflections on the host, for any finite `x`. */
export async function onHost(x: Tensor2D, seed: number): Promise<{ q: Tensor2D; l: Float64Array }> {
  const [m, n] = x.shape;
  const { q, r } = hostQr(await read(tf.transpose(x)), m, n, seed);
  return { q: uploadColumns(q, m, n), l: transposed(r, n, n) };
}

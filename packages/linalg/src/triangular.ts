// Small triangular matrices on the host, float64, row-major. All inner loops run along rows.

/** `low` below which a squared sine counts as zero: float32 Gram matrices carry no information there. */
const pivotFloor = 1e-5;

/**
 * Cholesky factor `L` of a Gram matrix `gram = L Lᵀ`, after scaling its diagonal to one, so that column lengths do not matter. A pivot is then the squared sine of the angle between a column and those before it;
 * pivots under 1e-5 are raised to it (the factor is then of `gram` plus a small diagonal). `smallest` is the smallest pivot before raising; 0 if a column is zero or anything is not finite, and then `L` is of no use.
 */
export function guardedCholesky(gram: ArrayLike<number>, n: number): { l: Float64Array; smallest: number } {
  const l = new Float64Array(n * n);
  const length = Float64Array.from({ length: n }, (_, i) => Math.sqrt(gram[i * n + i]!));
  let smallest = 1;
  for (let i = 0; i < n; i++) {
    if (!(length[i]! > 0) || !Number.isFinite(length[i]!)) return { l, smallest: 0 };
    for (let j = 0; j <= i; j++) {
      let sum = gram[i * n + j]! / (length[i]! * length[j]!);
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (j < i) l[i * n + j] = sum / l[j * n + j]!;
      else {
        if (Number.isNaN(sum)) return { l, smallest: 0 };
        smallest = Math.min(smallest, Math.max(sum, pivotFloor * 1e-3));
        l[i * n + i] = Math.sqrt(Math.max(sum, pivotFloor));
      }
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) l[i * n + j]! *= length[i]!;
  return { l, smallest };
}

/** Inverse of a lower triangular matrix with a diagonal free of zeros. */
export function invertLower(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let k = 0; k < i; k++) {
      const factor = l[row + k]!;
      if (factor !== 0) for (let j = 0; j <= k; j++) inverse[row + j]! -= factor * inverse[k * n + j]!;
    }
    const pivot = 1 / l[row + i]!;
    for (let j = 0; j < i; j++) inverse[row + j]! *= pivot;
    inverse[row + i] = pivot;
  }
  return inverse;
}

/** `a b` of two lower triangular matrices. */
export function multiplyLower(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k <= i; k++) for (let j = 0; j <= k; j++) out[i * n + j]! += a[i * n + k]! * b[k * n + j]!;
  return out;
}

/** Smallest singular value of a lower triangular matrix, by inverse power iteration (exact to a few per cent, from above). */
export function smallestSingularValue(l: Float64Array, n: number): number {
  for (let i = 0; i < n; i++) if (!(l[i * n + i]! > 0)) return 0;
  let x = Float64Array.from({ length: n }, (_, i) => 1 + 0.1 * Math.cos(i)); // no symmetry that could hide a direction
  let size = 0;
  for (let turn = 0; turn < 12; turn++) {
    const y = solveLower(l, n, x);
    x = solveLowerTransposed(l, n, y);
    size = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    if (!Number.isFinite(size)) return 0;
    for (let i = 0; i < n; i++) x[i]! /= size;
  }
  return 1 / Math.sqrt(size);
}

/** The `y` with `L y = x`. */
function solveLower(l: Float64Array, n: number, x: Float64Array): Float64Array {
  const y = Float64Array.from(x);
  for (let i = 0; i < n; i++) {
    let sum = y[i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * y[k]!;
    y[i] = sum / l[i * n + i]!;
  }
  return y;
}

/** The `y` with `Lᵀ y = x`. */
function solveLowerTransposed(l: Float64Array, n: number, x: Float64Array): Float64Array<ArrayBuffer> {
  const y = Float64Array.from(x);
  for (let i = n - 1; i >= 0; i--) {
    y[i]! /= l[i * n + i]!;
    for (let k = 0; k < i; k++) y[k]! -= l[i * n + k]! * y[i]!;
  }
  return y;
}

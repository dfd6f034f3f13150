// How unevenly a matrix stretches: its largest over its smallest singular value.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { svd, thinQr } from "@warmstart/linalg";
import { randomGenerator } from "../random/generator.js";

const exactSide = 128;
const epsilon = 2 ** -23;

/**
 * The condition number of `a: "m n"`, infinity where the smallest singular value is nothing but float32's rounding
 * (`max(m, n) · 2⁻²³` of the largest, numpy's convention for rank).
 *
 * Exact up to a shorter side of 128. Above, from the triangular factor of a thin QR: power iteration for the largest, inverse
 * iteration for the smallest singular value, in float64 on the host, `O(n²)` a step; never above the true value, and below it
 * by a few per cent at most where singular values crowd at the ends (as in random square matrices).
 *
 * @throws LinalgError NOT_FINITE if `a` has NaN or infinity.
 */
export async function conditionNumber(a: Tensor2D): Promise<number> {
  const [m, n] = a.shape;
  const tall = m >= n ? a : tf.transpose(a);
  try {
    const [largest, smallest] = n <= exactSide || m <= exactSide ? await exactEnds(tall) : await estimatedEnds(tall);
    return smallest <= largest * Math.max(m, n) * epsilon ? Infinity : largest / smallest;
  } finally {
    if (tall !== a) tall.dispose();
  }
}

async function exactEnds(a: Tensor2D): Promise<[number, number]> {
  // A long matrix is made square on the backend first.
  const factors = a.shape[0] > 4 * a.shape[1] ? await thinQr(a) : undefined;
  try {
    const { u, s, v } = await svd(factors?.r ?? a);
    tf.dispose([u, v]);
    return [s[0]!, s.at(-1)!];
  } finally {
    if (factors !== undefined) tf.dispose([factors.q, factors.r]);
  }
}

async function estimatedEnds(a: Tensor2D): Promise<[number, number]> {
  const { q, r } = await thinQr(a);
  const n = r.shape[1];
  const data = Float64Array.from(await r.data());
  tf.dispose([q, r]);
  const step = (apply: (v: Float64Array) => void) => converge(randomUnit(n), apply, (v) => Math.sqrt(squaredLength(times(data, n, v))));
  const largest = step((v) => v.set(timesTransposed(data, n, times(data, n, v))));
  if (largest === 0) return [0, 0];
  for (let i = 0; i < n; i++) if (Math.abs(data[i * n + i]!) <= largest * n * epsilon) return [largest, 0];
  return [largest, step((v) => solve(data, n, v))];
}

/** Repeats `apply` and normalization until `measure` settles. */
function converge(v: Float64Array, apply: (v: Float64Array) => void, measure: (v: Float64Array) => number): number {
  let value = measure(v);
  for (let i = 0; i < 100; i++) {
    apply(v);
    const length = Math.sqrt(squaredLength(v));
    if (length === 0) return 0;
    for (let j = 0; j < v.length; j++) v[j]! /= length;
    const next = measure(v);
    if (Math.abs(next - value) <= 1e-4 * value) return next;
    value = next;
  }
  return value;
}

function randomUnit(n: number): Float64Array {
  const generator = randomGenerator(0);
  const v = Float64Array.from({ length: n }, () => generator.normal());
  const length = Math.sqrt(squaredLength(v));
  return v.map((x) => x / length);
}

const squaredLength = (v: Float64Array): number => v.reduce((sum, x) => sum + x * x, 0);

/** `R v` of an upper triangular `R`. */
function times(r: Float64Array, n: number, v: Float64Array): Float64Array {
  return v.map((_, i) => {
    let sum = 0;
    for (let j = i; j < n; j++) sum += r[i * n + j]! * v[j]!;
    return sum;
  });
}

/** `Rᵀ v`. */
function timesTransposed(r: Float64Array, n: number, v: Float64Array): Float64Array {
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = i; j < n; j++) result[j]! += r[i * n + j]! * v[i]!;
  return result;
}

/** `v ← (RᵀR)⁻¹ v`. */
function solve(r: Float64Array, n: number, v: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const x = (v[i]! /= r[i * n + i]!);
    for (let j = i + 1; j < n; j++) v[j]! -= r[i * n + j]! * x;
  }
  for (let i = n - 1; i >= 0; i--) {
    let x = v[i]!;
    for (let j = i + 1; j < n; j++) x -= r[i * n + j]! * v[j]!;
    v[i] = x / r[i * n + i]!;
  }
}

// Derivatives by differences: of fourth order in the step, summed in float64, so that float32 results check to some 1e-4.
import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";

const nodes = [-2, -1, 1, 2] as const;
const weights = [1 / 12, -8 / 12, 8 / 12, -1 / 12] as const;

/** Entries of a tensor, which is disposed. */
export async function entries(tensor: tf.Tensor): Promise<number[]> {
  const data = await tensor.data();
  tensor.dispose();
  return Array.from(data);
}

/** Evenly spread numbers in a seeded order: none closer than 2 · spread / size to another, or (with size even) spread / size to 0. */
export function spread(shape: readonly number[], seed: number, width = 1): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  let state = seed * 7919 + 17;
  const next = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const values = Array.from({ length: size }, (_, i) => (width * (2 * i + 1 - size)) / size + 0.3 * (width / size) * (next() - 0.5));
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return tf.tensor(Float32Array.from(values), [...shape]);
}

/** The derivative of all entries of `f` along `directions`: `d/dt f(points + t directions)` at 0. */
export async function derivativeAlong(f: (...points: tf.Tensor[]) => tf.Tensor, points: readonly tf.Tensor[], directions: readonly tf.Tensor[], step = 0.02): Promise<number[]> {
  let sum: number[] = [];
  for (const [i, node] of nodes.entries()) {
    const at = await entries(tf.tidy(() => f(...points.map((point, p) => tf.add(point, tf.mul(directions[p]!, node * step))))));
    sum = at.map((value, k) => (sum[k] ?? 0) + (value * weights[i]!) / step);
  }
  return sum;
}

/** All entries of several tensors in one. */
export const flatten = (tensors: readonly tf.Tensor[]): tf.Tensor => tf.concat(tensors.map((tensor) => tf.reshape(tensor, [-1])));

/** Asserts that the gradients of `f` towards all `xs` are those of finite differences, along two directions each. `f` may be complex-valued inside, not outside. */
export async function expectGradients(f: (...xs: tf.Tensor[]) => tf.Tensor, xs: readonly tf.Tensor[], { step = 0.02, tolerance = 1e-3 } = {}): Promise<void> {
  const weigh = (y: tf.Tensor) => tf.mul(y, spread(y.shape, 77));
  const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(weigh(f(...at))))([...xs]);
  const flat = await Promise.all(gradients.map(entries));
  for (const [i, x] of xs.entries()) {
    for (const seed of [i + 41, i + 61]) {
      const directions = xs.map((other, k) => (k === i ? spread(x.shape, seed) : tf.zerosLike(other)));
      const differences = await derivativeAlong((...at) => weigh(f(...at)), xs, directions, step);
      const along = await entries(tf.clone(directions[i]!));
      const expected = differences.reduce((sum, value) => sum + value, 0);
      const scale = Math.hypot(...flat[i]!) * Math.hypot(...along);
      const actual = along.reduce((sum, value, k) => sum + value * flat[i]![k]!, 0);
      expect(flat[i]!.length, "entries of the gradient").toBe(x.size);
      expect(Math.abs(actual - expected), `input ${i}: gradient along a direction ${actual}, by differences ${expected}`).toBeLessThanOrEqual(tolerance * Math.max(scale, 1e-3));
      tf.dispose(directions);
    }
  }
}

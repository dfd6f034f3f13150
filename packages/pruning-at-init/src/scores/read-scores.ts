import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";

/** The scores on the host, by name, in the order of `tensors`, which are disposed: one read for all. @throws NOT_FINITE naming the tensor. */
export async function readScores(caller: string, tensors: Readonly<Record<string, Tensor>>): Promise<Map<string, Float32Array>> {
  const all = tf.tidy(() => tf.concat(Object.values(tensors).map((tensor) => tf.reshape(tensor, [-1]))));
  const sizes = Object.entries(tensors).map(([name, { size }]) => [name, size] as const);
  tf.dispose(tensors);
  const values = await all.data<"float32">();
  all.dispose();
  let from = 0;
  const scores = new Map(sizes.map(([name, size]) => [name, values.subarray(from, (from += size))]));
  for (const [name, own] of scores) {
    if (!allFinite(own)) throw new WarmstartError("NOT_FINITE", `${caller}: the scores of "${name}" have NaN or infinity. Look at the data and the weights: an activation or a gradient is beyond float32; start from smaller weights.`, { path: name });
  }
  return scores;
}

/** Whether no value is NaN or infinite. */
export function allFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! !== 0) return false;
  return true;
}

/** The sum of |score| over all tensors, in float64. */
export function absoluteSum(scores: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const values of scores.values()) for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum;
}

/** Throws where every score is zero: there is nothing to rank. */
export function requireScores(caller: string, scores: ReadonlyMap<string, Float32Array>, why: string): void {
  if (absoluteSum(scores) === 0) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: the scores vanish, all of them are zero. ${why}`);
}

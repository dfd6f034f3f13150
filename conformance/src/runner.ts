// What a runner is, and what all of them need: a case's inputs as tensors, results as entries.
import * as tf from "@tensorflow/tfjs";
import type { ReferenceCase } from "./cases.js";
import type { Entries, Value } from "./values.js";

/** Translates a case into calls of the public API and the results back into the case's layout. No mathematics, no tensors left alive. */
export type Runner = (reference: ReferenceCase) => Promise<Readonly<Record<string, Value>>>;

/** An input as a tensor of the backend; the caller disposes it. */
export function toTensor<R extends tf.Rank = tf.Rank>(input: Entries | undefined): tf.Tensor<R> {
  if (input === undefined) throw new Error("the case lacks an input that its runner needs");
  return tf.tensor(Array.from(input.data) as number[], [...input.shape] as tf.ShapeMap[R]) as tf.Tensor<R>;
}

/** The entries of a tensor, which is disposed. */
export async function toEntries(tensor: tf.Tensor): Promise<Entries> {
  try {
    return { shape: [...tensor.shape], data: await tensor.data<"float32">() };
  } finally {
    tensor.dispose();
  }
}

/** The same for several tensors by name. */
export async function allEntries<K extends string>(tensors: Readonly<Record<K, tf.Tensor>>): Promise<Record<K, Entries>> {
  const entries: Partial<Record<K, Entries>> = {};
  for (const [name, tensor] of Object.entries(tensors) as [K, tf.Tensor][]) entries[name] = await toEntries(tensor);
  return entries as Record<K, Entries>;
}

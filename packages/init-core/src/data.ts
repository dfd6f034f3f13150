// Data as users have them: arrays, iterables, async iterables, functions that make them, tf.data datasets. One batch at a time.
import * as tf from "@tensorflow/tfjs-core";
import type { TensorContainer } from "@tensorflow/tfjs-core";
import { WarmstartError } from "./errors.js";

/** What `tf.data.Dataset` offers; it is not async iterable itself, and its types do not tell what its batches are. */
export interface DatasetLike {
  iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }>;
}

/**
 * Batches. Tensors in an array stay the caller's; what an iterator yields is disposed by us after use, also when something
 * throws, as `fitDataset` does. A function makes the data anew, so that they can be gone through again.
 */
export type Data<T> = readonly T[] | Iterable<T> | AsyncIterable<T> | DatasetLike | (() => Iterable<T> | AsyncIterable<T> | DatasetLike);

export interface EachBatchOptions {
  /** Named in errors. */
  readonly caller: string;
  readonly signal?: AbortSignal;
  readonly maxBatches?: number;
}

/**
 * Calls `use` for one batch after the other until it returns false, the data end or `maxBatches` are done. Between batches it
 * lets timers run (an awaited read alone does not on the cpu backend, so that nobody could abort) and looks at the signal.
 *
 * @returns how many batches were used.
 * @throws {WarmstartError} INSUFFICIENT_DATA when there is no batch at all; the signal's reason when aborted.
 */
export async function eachBatch<T>(data: Data<T>, { caller, signal, maxBatches = Infinity }: EachBatchOptions, use: (batch: T, index: number) => void | boolean | Promise<void | boolean>): Promise<number> {
  const { iterator, owned } = await open(data, caller);
  let used = 0;
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (used >= maxBatches) break;
      const next = await iterator.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      let more: void | boolean;
      try {
        more = await use(next.value, used);
      } finally {
        if (owned) tf.dispose(next.value as TensorContainer);
      }
      used++;
      if (more === false) break;
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
  if (used === 0) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: the data gave no batch. An iterator can be gone through once only: pass an array, or a function that makes a new iterator.`);
  return used;
}

type AnyIterator<T> = { next(): IteratorResult<T> | Promise<IteratorResult<T>>; return?(): unknown };

async function open<T>(data: Data<T>, caller: string): Promise<{ iterator: AnyIterator<T>; owned: boolean }> {
  const source = typeof data === "function" ? data() : data;
  if (Array.isArray(source)) return { iterator: (source as T[])[Symbol.iterator](), owned: false };
  if (source instanceof tf.Tensor) throw new WarmstartError("INVALID_OPTION", `${caller}: \`data\` is a tensor of shape [${source.shape}]. Pass batches: [tensor], or a function that yields them.`, { shape: source.shape });
  if (typeof source === "object" && source !== null) {
    if (Symbol.asyncIterator in source) return { iterator: source[Symbol.asyncIterator](), owned: true };
    if (Symbol.iterator in source) return { iterator: source[Symbol.iterator](), owned: true };
    if ("iterator" in source) return { iterator: (await source.iterator()) as AnyIterator<T>, owned: true };
  }
  throw new WarmstartError("INVALID_OPTION", `${caller}: \`data\` must be an array of batches, an iterable, an async iterable, a tf.data.Dataset or a function that makes one; got ${source === null ? "null" : typeof source}.`);
}

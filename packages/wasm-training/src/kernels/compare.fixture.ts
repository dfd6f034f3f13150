import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "../index.js";

/** Values that repeat for a seed, in [-1, 1), none of them special. */
export function values(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const tensorOf = (shape: number[], seed: number): tf.Tensor => tf.tensor(values(tf.util.sizeFromShape(shape), seed), shape);

/** 0, 1, 2, … of any type, so that a misplaced element shows. */
export function numbered(shape: number[], dtype: "float32" | "int32" | "bool"): tf.Tensor {
  const order = Int32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => (dtype === "bool" ? Number(i % 3 === 0) : i));
  return tf.tidy(() => tf.cast(tf.tensor(order, shape, "int32"), dtype));
}

interface Heap {
  readonly wasm: { _malloc(bytes: number): number; _free(offset: number): void };
}

/** Runs `f`, reads and disposes its result, and checks that no tensors and no data are left. */
export async function run(f: () => tf.Tensor): Promise<{ shape: number[]; dtype: string; values: Float32Array }> {
  const tensors = tf.memory().numTensors;
  const buffers = tf.memory().numDataBuffers;
  const t = tf.tidy(f);
  const result = { shape: t.shape, dtype: t.dtype as string, values: Float32Array.from(await t.data()) };
  t.dispose();
  expect(tf.memory().numTensors, "tensors after").toBe(tensors);
  expect(tf.memory().numDataBuffers, "data buffers after").toBe(buffers);
  return result;
}

/** Where the heap would put a large block: moves up for good when scratch memory is not freed. */
export function heapProbe(): number {
  const { wasm } = tf.backend() as unknown as Heap;
  const offset = wasm._malloc(3 << 20);
  wasm._free(offset);
  return offset;
}

/** The same computation on the kernels of tfjs alone. */
export async function original<T>(f: () => T | Promise<T>): Promise<T> {
  unregisterTrainingKernels();
  try {
    return await f();
  } finally {
    registerTrainingKernels();
  }
}

import * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";

/** Tensors alive now. */
export const tensorCount = (): number => tf.memory().numTensors;

/** Runs `f` and asserts that exactly `growth` more tensors are alive afterwards, whether it returned or threw. */
export async function expectTensorGrowth<T>(growth: number, f: () => T | Promise<T>): Promise<T> {
  const before = tensorCount();
  try {
    return await f();
  } finally {
    expect(tensorCount() - before, "tensors alive after the call, minus before").toBe(growth);
  }
}

import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, numbered, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

/** By the definition: out[i] = x[j] with j[perm[a]] = i[a]. */
function expected(x: ArrayLike<number>, shape: number[], perm: number[]): number[] {
  const steps = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  let from = [0];
  for (const axis of perm) from = from.flatMap((base) => Array.from({ length: shape[axis]! }, (_, i) => base + i * steps[axis]!));
  return from.map((i) => x[i]!);
}

async function check(shape: number[], perm: number[], dtype: "float32" | "int32" | "bool" = "float32"): Promise<void> {
  const x = numbered(shape, dtype);
  const data = await x.data();
  const result = await run(() => tf.transpose(x, perm));
  expect(result.shape).toEqual(perm.map((axis) => shape[axis]));
  expect(result.dtype).toBe(dtype);
  expect([...result.values]).toEqual(expected(data, shape, perm));
  x.dispose();
}

const shapeAndPerm = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 6 }).chain((shape) => fc.tuple(fc.constant(shape), fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })));

describe("Transpose", () => {
  it("moves every element where the definition puts it, up to rank 6", async () => {
    await fc.assert(fc.asyncProperty(shapeAndPerm, fc.constantFrom("float32" as const, "int32" as const, "bool" as const), ([shape, perm], dtype) => check(shape, dtype === "bool" && shape.length > 4 ? [...shape.keys()] : perm, dtype)), { numRuns: 250, seed: 5 });
  });

  it("transposes matrices of sizes around its blocks, alone and in batches", async () => {
    for (const [rows, columns] of [[1, 9], [4, 4], [16, 16], [17, 5], [3, 18], [33, 47], [64, 130], [300, 1]] as const) {
      await check([rows, columns], [1, 0]);
      await check([3, rows, columns], [0, 2, 1]);
      await check([rows, 2, columns], [2, 1, 0]);
    }
  });

  it("gives the heads of an attention their places", () => check([4, 10, 3, 2, 6], [2, 0, 3, 1, 4]));

  it("leaves an empty tensor empty", () => check([3, 0, 2], [2, 0, 1]));

  it("shares the data when nothing moves, and the copy outlives its source", async () => {
    const x = tensorOf([1, 6, 1, 5], 1);
    const before = [...(await x.data())];
    const buffers = tf.memory().numDataBuffers;
    const y = tf.transpose(x, [1, 0, 2, 3]);
    expect(tf.memory().numDataBuffers).toBe(buffers);
    x.dispose();
    expect(y.shape).toEqual([6, 1, 1, 5]);
    expect([...(await y.data())]).toEqual(before);
    y.dispose();
    expect(tf.memory().numDataBuffers).toBe(buffers - 1);
  });

  it("frees its scratch memory", () => {
    const x = tensorOf([8, 9, 10, 11], 2);
    const once = () => tf.dispose(tf.transpose(x, [3, 1, 0, 2]));
    once();
    const before = heapProbe();
    for (let i = 0; i < 200; i++) once();
    expect(heapProbe()).toBe(before);
    x.dispose();
  });
});

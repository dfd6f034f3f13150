import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, original, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

const shapeAndAxes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }).chain((shape) => fc.tuple(fc.constant(shape), fc.subarray([...shape.keys()], { minLength: 1 })));

describe.each(["sum", "mean"] as const)("%s", (name) => {
  it("is the original over any axes, kept or dropped", async () => {
    await fc.assert(
      fc.asyncProperty(shapeAndAxes, fc.boolean(), async ([shape, axes], keepDims) => {
        // The original transposes, which above rank 4 is slow, not wrong.
        const x = tensorOf(shape, 4);
        const reduce = () => run(() => tf[name](x, axes, keepDims));
        const [ours, theirs] = [await reduce(), await original(reduce)];
        expect(ours.shape).toEqual(theirs.shape);
        expectClose(ours.values, theirs.values, 1e-5 * Math.sqrt(x.size), 1e-5);
        x.dispose();
      }),
      { numRuns: 150, seed: 7 },
    );
  });

  it("is the original on rows and columns longer than a block", async () => {
    for (const shape of [[7, 1030], [1030, 7], [33, 17], [2, 2051], [5000]]) {
      const x = tensorOf(shape, 5);
      for (const axis of shape.keys()) {
        const reduce = () => run(() => tf[name](x, axis));
        expectClose((await reduce()).values, (await original(reduce)).values, 1e-4, 1e-5);
      }
      x.dispose();
    }
  });

  it("keeps NaN and infinity in their own column", async () => {
    const x = tf.tensor2d([1, NaN, 3, Infinity, 5, 6, 7, 8, 9, -1], [2, 5]);
    const { values } = await run(() => tf[name](x, 0));
    const by = name === "mean" ? 2 : 1;
    expect([...values]).toEqual([7 / by, NaN, 11 / by, Infinity, 4 / by]);
    x.dispose();
  });

  it("frees its scratch memory", () => {
    const x = tensorOf([6, 50, 7, 40], 2);
    const once = () => tf.dispose(tf[name](x, [0, 2]));
    once();
    const before = heapProbe();
    for (let i = 0; i < 200; i++) once();
    expect(heapProbe()).toBe(before);
    x.dispose();
  });

  it("gives the gradients of the original", async () => {
    const x = tensorOf([5, 4, 6], 3);
    const gradient = () => run(() => tf.grad((x) => tf.sum(tf.square(tf[name](x, [0, 1]))))(x));
    expectClose((await gradient()).values, (await original(gradient)).values, 1e-5, 1e-5);
    x.dispose();
  });
});

describe("an empty axis", () => {
  it("sums to zero and has no mean", async () => {
    expect([...(await run(() => tf.sum(tf.zeros([0, 3]), 0))).values]).toEqual([0, 0, 0]);
    expect([...(await run(() => tf.mean(tf.zeros([0, 3]), 0))).values]).toEqual([NaN, NaN, NaN]);
    expect((await run(() => tf.sum(tf.zeros([0, 3]), 1))).shape).toEqual([0]);
    // The original sets no value here, and divides by zero where it has to transpose.
    expect(await run(() => tf.sum(tf.zeros([0, 3], "int32"), 0))).toEqual({ shape: [3], dtype: "int32", values: Float32Array.of(0, 0, 0) });
  });
});

describe("integers", () => {
  it("are summed by the original: exactly, beyond what float32 can hold", async () => {
    const x = tf.tensor2d([16777216, 1, 2, 3], [2, 2], "int32");
    expect(await run(() => tf.sum(x, 0))).toMatchObject({ dtype: "int32", shape: [2] });
    expect([...(await run(() => tf.mean(x, 1))).values]).toEqual([8388608.5, 2.5].map(Math.fround));
    expect([...(await run(() => tf.sum(tf.tensor1d([true, true, false], "bool")))).values]).toEqual([2]);
    x.dispose();
  });
});

it("keeps its precision over a million terms, which one running sum loses", async () => {
  const x = tf.mul(tf.ones([1 << 20]), 0.1);
  let running = 0;
  for (let i = 0; i < 1 << 20; i++) running = Math.fround(running + Math.fround(0.1));
  expect(Math.abs(running / 104857.6 - 1)).toBeGreaterThan(1e-3);
  expectClose((await run(() => tf.sum(x))).values, [104857.6], 0, 1e-5);
  x.dispose();
});

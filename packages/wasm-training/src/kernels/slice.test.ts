import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, numbered, original, run } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

const dtype = fc.constantFrom("float32" as const, "int32" as const, "bool" as const);
const axes = fc.array(fc.record({ size: fc.integer({ min: 1, max: 7 }), from: fc.nat({ max: 6 }), count: fc.nat({ max: 7 }), backwards: fc.boolean() }), { minLength: 1, maxLength: 4 });

describe("Slice and SplitV", () => {
  it("are the originals for any block of any rank and type", async () => {
    await fc.assert(
      fc.asyncProperty(axes, dtype, async (cut, type) => {
        const shape = cut.map(({ size }) => size);
        const x = numbered(shape, type);
        const begin = cut.map(({ size, from }) => from % size);
        const size = cut.map(({ size: all, count }, i) => Math.min(count, all - begin[i]!));
        const slice = () => run(() => tf.slice(x, begin, size));
        expect(await slice()).toEqual(await original(slice));
        const first = cut[0]!.count % (shape[0]! + 1);
        for (const part of [0, 1]) {
          const split = () => run(() => tf.split(x, [first, shape[0]! - first], 0)[part]!);
          expect(await split()).toEqual(await original(split));
        }
        x.dispose();
      }),
      { numRuns: 120, seed: 6 },
    );
  });

  it("split along the last axis, and into equal parts", async () => {
    const x = numbered([3, 6], "float32");
    for (const part of [0, 1, 2]) for (const f of [() => tf.split(x, [1, 2, 3], -1)[part]!, () => tf.split(x, 3, 1)[part]!]) expect(await run(f)).toEqual(await original(() => run(f)));
    x.dispose();
  });

  it("throw tfjs' own error for what lies outside, and free their scratch", async () => {
    const x = numbered([4, 3], "float32");
    const outside = () => tf.tidy(() => void tf.engine().runKernel("Slice", { x }, { begin: [1, 0], size: [4, 3] }));
    expect(outside).toThrow("begin[0] + size[0]");
    tf.slice(x, [1, 1], [2, 2]).dispose();
    const probe = heapProbe();
    for (let i = 0; i < 5; i++) tf.slice(x, [1, 1], [2, 2]).dispose();
    expect(heapProbe()).toBe(probe);
    x.dispose();
  });
});

describe("Reverse", () => {
  it("is the original for any axes and rank", async () => {
    await fc.assert(
      fc.asyncProperty(axes, fc.constantFrom("float32" as const, "int32" as const), async (cut, type) => {
        const x = numbered(cut.map(({ size }) => size), type);
        const reverse = () => run(() => tf.reverse(x, cut.flatMap(({ backwards }, i) => (backwards ? [i] : []))));
        expect(await reverse()).toEqual(await original(reverse));
        x.dispose();
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("turns bools round too, of which the original writes four times as many", async () => {
    const x = tf.tensor2d([1, 1, 0, 0, 1, 0], [2, 3], "bool");
    expect(await run(() => tf.reverse(x, 1))).toEqual({ shape: [2, 3], dtype: "bool", values: Float32Array.of(0, 1, 1, 0, 1, 0) });
    x.dispose();
  });
});

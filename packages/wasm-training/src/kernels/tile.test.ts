import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { numbered, original, run } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

describe("Tile", () => {
  it("is the original for any shape and repetition, up to rank 4", async () => {
    const axes = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(axes, fc.constantFrom("float32" as const, "int32" as const, "bool" as const), async (axes, dtype) => {
        const shape = axes.map(([size]) => size);
        const x = numbered(shape, dtype);
        const tile = () => run(() => tf.tile(x, axes.map(([, times]) => times)));
        expect(await tile()).toEqual(await original(tile));
        x.dispose();
      }),
      { numRuns: 50, seed: 6 },
    );
  });

  it("gives nothing when repeated zero times or when empty", async () => {
    expect((await run(() => tf.tile(tf.ones([2, 3]), [0, 2]))).shape).toEqual([0, 6]);
    expect((await run(() => tf.tile(tf.ones([0, 3]), [4, 2]))).shape).toEqual([0, 6]);
  });
});

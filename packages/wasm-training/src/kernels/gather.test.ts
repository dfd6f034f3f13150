import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { numbered, original, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

describe("GatherV2", () => {
  it("is the original for any axis, any shape of indices, float32, int32 and bool", async () => {
    const cases = fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
      axis: fc.nat({ max: 3 }),
      indices: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      dtype: fc.constantFrom("float32" as const, "int32" as const, "bool" as const),
      negative: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, axis: wish, indices, dtype, negative }) => {
        const axis = wish % shape.length;
        const x = numbered(shape, dtype);
        const at = tf.tensor(Array.from({ length: tf.util.sizeFromShape(indices) }, (_, i) => (i * 7 + 3) % shape[axis]!), indices, "int32");
        const gather = () => run(() => tf.gather(x, at, negative ? axis - shape.length : axis));
        expect(await gather()).toEqual(await original(gather));
        tf.dispose([x, at]);
      }),
      { numRuns: 150, seed: 8 },
    );
  });

  it("gathers for each batch by indices of its own, also more of them than rows, where the original goes astray", async () => {
    for (const dtype of ["float32", "int32", "bool"] as const) {
      const x = numbered([2, 2, 3, 2], dtype);
      const at = tf.tensor2d([[0, 2, 2, 1], [1, 1, 0, 2]], [2, 4], "int32");
      const { shape, values } = await run(() => tf.gather(x, at, 2, 1));
      expect(shape).toEqual([2, 2, 4, 2]);
      const [rows, picks] = [(await x.array()) as number[][][][], await at.array()];
      expect([...values]).toEqual(rows.flatMap((batch, b) => batch.flatMap((outer) => picks[b]!.flatMap((row) => outer[row]!.map(Number)))));
      tf.dispose([x, at]);
    }
  });

  it("gives nothing, in the right shape, for no indices and of rows without elements", async () => {
    const [x, empty, none, at] = [tensorOf([2, 3, 4], 1), tf.zeros([0, 3, 4]), tf.zeros([0], "int32"), tf.tensor2d([[0, 2]], [1, 2], "int32")];
    expect((await run(() => tf.gather(x, none, 1))).shape).toEqual([2, 0, 4]);
    for (const dtype of ["float32", "bool"] as const) expect(await run(() => tf.gather(tf.cast(empty, dtype), at, 1))).toMatchObject({ shape: [0, 1, 2, 4], dtype });
    tf.dispose([x, empty, none, at]);
  });

  it("throws tfjs' own error for an index out of range, and leaves nothing behind", async () => {
    const x = tensorOf([4, 3], 1);
    const [tensors, buffers] = [tf.memory().numTensors, tf.memory().numDataBuffers];
    for (const wrong of [4, -1]) {
      const gather = () => tf.tidy(() => void tf.gather(x, tf.tensor1d([0, wrong], "int32")));
      expect(gather).toThrow(`GatherV2: the index value ${wrong} is not in [0, 3]`);
      await original(() => expect(gather).toThrow(`GatherV2: the index value ${wrong} is not in [0, 3]`));
    }
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual([tensors, buffers]);
    x.dispose();
  });

  it("has a gradient now: every row receives the sum of what was read from it", async () => {
    const x = tensorOf([5, 3], 2);
    const at = tf.tensor1d([4, 0, 4, 4], "int32");
    const { values } = await run(() => tf.grad((x) => tf.sum(tf.gather(x, at)))(x));
    expectClose(values, [1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3]);
    await original(() => expect(() => tf.tidy(() => void tf.grad((x) => tf.sum(tf.gather(x, at)))(x))).toThrow("UnsortedSegmentSum"));
    tf.dispose([x, at]);
  });
});

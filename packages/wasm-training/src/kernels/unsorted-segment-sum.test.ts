import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { run, tensorOf, values } from "./compare.fixture.js";
import { unsortedSegmentSum } from "./unsorted-segment-sum.js";

beforeAll(() => void registerTrainingKernels());

describe("UnsortedSegmentSum", () => {
  it("sums the rows of each segment; empty segments are zero, ids out of range are left out", async () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 2]);
    const { shape, values } = await run(() => tf.unsortedSegmentSum(x, tf.tensor1d([2, 0, -1, 2, 9], "int32"), 4));
    expect(shape).toEqual([4, 2]);
    expect([...values]).toEqual([3, 4, 0, 0, 1 + 7, 2 + 8, 0, 0]);
    x.dispose();
  });

  it("is the definition for any shape, in the module and on typed arrays, float32 and int32", async () => {
    const cases = fc.record({ count: fc.integer({ min: 1, max: 30 }), rest: fc.oneof(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 3 }), fc.tuple(fc.integer({ min: 1, max: 140 }))), segments: fc.integer({ min: 1, max: 9 }), dtype: fc.constantFrom("float32" as const, "int32" as const) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ count, rest, segments, dtype }) => {
        const size = tf.util.sizeFromShape(rest);
        const data = values(count * size, 1).map((v) => (dtype === "int32" ? Math.round(v * 100) : v));
        const ids = Array.from({ length: count }, (_, i) => ((i * 5) % (segments + 2)) - 1);
        const expected = new Float64Array(segments * size);
        ids.forEach((id, i) => {
          if (id >= 0 && id < segments) for (let j = 0; j < size; j++) expected[id * size + j]! += data[i * size + j]!;
        });
        const x = tf.tensor(data, [count, ...rest], dtype);
        const segmentIds = tf.tensor1d(ids, "int32");
        for (const f of [
          () => tf.unsortedSegmentSum(x, segmentIds, segments),
          () => tf.engine().makeTensorFromTensorInfo(unsortedSegmentSum.fallback!({ inputs: { x, segmentIds }, backend: tf.backend(), attrs: { numSegments: segments } }) as tf.TensorInfo),
        ]) {
          const result = await run(f);
          expect([result.shape, result.dtype]).toEqual([[segments, ...rest], dtype]);
          expectClose(result.values, expected, 1e-6, 1e-6);
        }
        tf.dispose([x, segmentIds]);
      }),
      { numRuns: 80, seed: 9 },
    );
  });

  it("takes empty rows and no segments", async () => {
    expect((await run(() => tf.unsortedSegmentSum(tf.zeros([0, 3]), tf.zeros([0], "int32"), 2))).values).toEqual(new Float32Array(6));
    expect((await run(() => tf.unsortedSegmentSum(tf.zeros([2, 3]), tf.tensor1d([0, 1], "int32"), 0))).shape).toEqual([0, 3]);
  });

  it("says what does not fit", () => {
    const attempt = (x: tf.Tensor, ids: tf.Tensor1D) => () => tf.tidy(() => void tf.unsortedSegmentSum(x, ids, 2));
    expect(attempt(tensorOf([3, 2], 1), tf.tensor1d([0, 1], "int32"))).toThrow("segment ids of shape [2] and dtype int32 do not select rows of a float32 tensor of shape [3,2]");
    expect(attempt(tensorOf([2, 2], 1), tf.tensor1d([0.5, 1]))).toThrow("int32");
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { registerCpuKernels, unregisterCpuKernels } from "./index.js";

beforeAll(async () => void (await tf.setBackend("cpu")));
afterEach(() => unregisterCpuKernels());

const shipped = tf.getKernel("UnsortedSegmentSum", "cpu");
const result = async (x: tf.Tensor, ids: tf.Tensor1D, segments: number) => {
  const sum = tf.unsortedSegmentSum(x, ids, segments);
  const seen = { shape: sum.shape, dtype: sum.dtype, values: Array.from(await sum.data()) };
  sum.dispose();
  return seen;
};

describe("UnsortedSegmentSum on cpu", () => {
  it("gives what tfjs' own gives: any rank, float32, int32 and bool, ids out of range, empty segments", async () => {
    const input = fc.record({ rows: fc.integer({ min: 0, max: 6 }), rest: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }), segments: fc.integer({ min: 1, max: 5 }), dtype: fc.constantFrom("float32" as const, "int32" as const, "bool" as const), seed: fc.integer({ min: 1, max: 1000 }) });
    await fc.assert(
      fc.asyncProperty(input, async ({ rows, rest, segments, dtype, seed }) => {
        const at = (i: number) => ((seed * (i + 3) * 7919) % 97) - 48;
        const size = [rows, ...rest].reduce((product, length) => product * length, 1);
        const x = tf.tensor(Array.from({ length: size }, (_, i) => (dtype === "bool" ? at(i) & 1 : at(i))), [rows, ...rest], dtype);
        const ids = tf.tensor1d(Array.from({ length: rows }, (_, i) => (at(i + 100) % (segments + 2)) - 1), "int32");
        unregisterCpuKernels();
        const own = await result(x, ids, segments);
        registerCpuKernels();
        expect(await result(x, ids, segments)).toEqual(own);
        tf.dispose([x, ids]);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  it("keeps infinity in its segment", async () => {
    registerCpuKernels();
    const [x, ids] = [tf.tensor1d([Infinity, 1, 2]), tf.tensor1d([0, 1, 1], "int32")];
    expect((await result(x, ids, 2)).values).toEqual([Infinity, 3]);
    tf.dispose([x, ids]);
  });

  it("leaves calls that tfjs refuses, or reads in another way, to tfjs", async () => {
    const [x, two, short] = [tf.ones([3, 2]), tf.zeros([3, 2], "int32"), tf.zeros([2], "int32")];
    const own = await result(x, two as tf.Tensor1D, 2);
    registerCpuKernels();
    expect(await result(x, two as tf.Tensor1D, 2)).toEqual(own);
    await expect(result(x, short as tf.Tensor1D, 2)).rejects.toThrow(/could not be broadcast/);
    tf.dispose([x, two, short]);
  });

  it("trains an embedding as before: the gradient of gather", async () => {
    const [table, ids] = [tf.ones([4, 2]), tf.tensor1d([3, 1, 3], "int32")];
    registerCpuKernels();
    const gradient = await expectTensorGrowth(1, () => tf.grad((at: tf.Tensor) => tf.gather(at, ids))(table));
    expect(Array.from(await gradient.data())).toEqual([0, 0, 1, 1, 0, 0, 2, 2]);
    tf.dispose([table, ids, gradient]);
  });

  it("registers once, and puts the very same kernel back", () => {
    expect(registerCpuKernels()).toEqual({ registered: ["UnsortedSegmentSum"] });
    const ours = tf.getKernel("UnsortedSegmentSum", "cpu");
    expect(ours).not.toBe(shipped);
    registerCpuKernels();
    expect(tf.getKernel("UnsortedSegmentSum", "cpu")).toBe(ours);
    unregisterCpuKernels();
    unregisterCpuKernels();
    expect(tf.getKernel("UnsortedSegmentSum", "cpu")).toBe(shipped);
  });

  it("does nothing where there is no cpu backend", () => {
    tf.unregisterKernel("UnsortedSegmentSum", "cpu");
    expect(registerCpuKernels()).toEqual({ registered: [] });
    tf.registerKernel(shipped);
  });
});

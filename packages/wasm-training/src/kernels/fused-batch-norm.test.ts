import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, original, run, tensorOf, values } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

describe("FusedBatchNorm", () => {
  it("is (x - mean) / sqrt(variance + epsilon) · scale + offset, with and without the last two", async () => {
    for (const shape of [[2, 3, 4, 1], [2, 3, 3, 7], [1, 5, 1, 16], [3, 2, 2, 66], [0, 2, 2, 3]] as [number, number, number, number][]) {
      const channels = shape[3];
      const [x, mean, offset, scale] = [tensorOf(shape, 1) as tf.Tensor4D, tensorOf([channels], 2) as tf.Tensor1D, tensorOf([channels], 3) as tf.Tensor1D, tensorOf([channels], 4) as tf.Tensor1D];
      const variance = tf.abs(tensorOf([channels], 5)) as tf.Tensor1D;
      for (const [o, s] of [[offset, scale], [undefined, scale], [offset, undefined], [undefined, undefined]]) {
        const ours = await run(() => tf.batchNorm(x, mean, variance, o, s, 1e-3));
        const data = values(tf.util.sizeFromShape(shape), 1);
        const at = (seed: number, i: number) => values(channels, seed)[i % channels]!;
        const expected = Float64Array.from(data, (value, i) => ((value - at(2, i)) / Math.sqrt(Math.abs(at(5, i)) + Math.fround(1e-3))) * (s ? at(4, i) : 1) + (o ? at(3, i) : 0));
        expect(ours.shape).toEqual(shape);
        expectClose(ours.values, expected, 1e-6, 1e-5);
      }
      tf.dispose([x, mean, offset, scale, variance]);
    }
  });

  it("keeps what a large mean would lose: the difference comes first", async () => {
    const x = tf.tensor4d([4096.25, 4095.75], [1, 1, 2, 1]);
    const { values } = await run(() => tf.batchNorm(x, tf.tensor1d([4096]), tf.tensor1d([0.0625]), undefined, undefined, 0));
    expect([...values]).toEqual([1, -1]);
    x.dispose();
  });

  it("leaves statistics of another shape to the original", async () => {
    const [x, mean, variance] = [tensorOf([2, 2, 2, 3], 1) as tf.Tensor4D, tensorOf([2, 2, 2, 3], 2) as tf.Tensor4D, tf.ones<tf.Rank.R4>([2, 2, 2, 3])];
    const attempt = () => run(() => tf.batchNorm(x, mean, variance));
    expect(await attempt()).toEqual(await original(attempt));
    tf.dispose([x, mean, variance]);
  });

  it("frees its scratch memory", () => {
    const [x, m] = [tensorOf([4, 4, 4, 8], 1) as tf.Tensor4D, tf.ones([8]) as tf.Tensor1D];
    const once = () => tf.dispose(tf.batchNorm(x, m, m, m, m));
    once();
    const before = heapProbe();
    for (let i = 0; i < 100; i++) once();
    expect(heapProbe()).toBe(before);
    tf.dispose([x, m]);
  });
});

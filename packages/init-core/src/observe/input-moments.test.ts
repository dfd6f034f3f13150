import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputMoments } from "./input-moments.js";

const rows = (count: number, width: number, seed: number, mean = 0) => tf.randomNormal<tf.Rank.R2>([count, width], mean, 1, "float32", seed);

describe("InputMoments", () => {
  it("gives mean and scatter of the worked example, centred and not", async () => {
    const moments = new InputMoments(3);
    moments.update(tf.tensor2d([[2, 0, 1], [0, 1, 0], [1, 1, 3]]));
    moments.update(tf.tensor2d([[4, 2, 0], [-1, 0, 1], [3, 1, 2]]));
    // S = [[31,12,10],[12,7,5],[10,5,15]], sum (9,5,7), six rows
    expectClose(await moments.mean().data(), [1.5, 5 / 6, 7 / 6]);
    expectClose(await moments.scatter(false).data(), [31, 12, 10, 12, 7, 5, 10, 5, 15], 1e-5, 1e-5);
    expectClose(await moments.scatter().data(), [31 - 81 / 6, 12 - 45 / 6, 10 - 63 / 6, 12 - 45 / 6, 7 - 25 / 6, 5 - 35 / 6, 10 - 63 / 6, 5 - 35 / 6, 15 - 49 / 6], 1e-5, 1e-5);
  });

  it("does not depend on how rows are split into batches and shards, nor on saving", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 8 }), fc.integer(), async (width, count, cut, seed) => {
        const at = Math.min(cut, count - 1);
        const x = rows(count, width, seed, 5);
        const [whole, left, right] = [new InputMoments(width), new InputMoments(width), new InputMoments(width)];
        whole.update(x);
        left.update(tf.slice(x, [0, 0], [at, width]));
        right.update(tf.slice(x, [at, 0], [count - at, width]));
        const merged = InputMoments.load(await left.save()).merge(InputMoments.load(await right.save()));
        expect(merged.rows).toBe(count);
        expectClose(await merged.mean().data(), await whole.mean().data(), 1e-4, 1e-4);
        expectClose(await merged.scatter().data(), await whole.scatter().data(), 1e-3, 1e-3);
      }),
      { numRuns: 15, seed: 7 },
    );
  });

  it("keeps small directions beside a mean of 1000, where sums about zero lose them", async () => {
    const x = tf.tidy(() => tf.add(tf.mul(rows(400, 2, 3), tf.tensor1d([1, 0.01])), 1000)) as tf.Tensor2D;
    const moments = new InputMoments(2);
    moments.update(x);
    const variance = (await moments.scatter().data())[3]! / 399;
    const naive = (await tf.tidy(() => tf.sub(tf.matMul(tf.transpose(x), x), tf.mul(400, tf.outerProduct(tf.mean(x, 0) as tf.Tensor1D, tf.mean(x, 0) as tf.Tensor1D)))).data())[3]! / 399;
    expect(Math.abs(variance / 1e-4 - 1)).toBeLessThan(0.2);
    expect(Math.abs(naive / 1e-4 - 1)).toBeGreaterThan(0.2);
  });

  it("holds three tensors whatever the number of batches", async () => {
    const moments = new InputMoments(4);
    const x = rows(5, 4, 1);
    await expectTensorGrowth(3, () => moments.update(x));
    const bytes = moments.bytes;
    await expectTensorGrowth(0, () => { for (let i = 0; i < 20; i++) moments.update(x); });
    expect(moments.bytes).toBe(bytes);
    await expectTensorGrowth(-3, () => moments.dispose());
  });

  it("explains rows of another width, and a question before any row", () => {
    expect(() => new InputMoments(3).update(rows(2, 4, 1))).toThrow(/3 columns, got shape \[2,4\]/);
    expect(() => new InputMoments(3).mean()).toThrow(/no rows were seen/);
  });
});

import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loraSbFactors, type LoraSbFactors } from "./factors.js";
import { firstStepLearningRate, firstStepUpdate } from "./first-step-update.js";

const productOf = ({ down, core, up }: LoraSbFactors) => tf.matMul(tf.matMul(down, core), up);
const normal = (rows: number, out: number, seed: number) => tf.randomNormal<tf.Rank.R2>([rows, out], 0, 1, "float32", seed);
const gap = async (vectors: tf.Tensor) => (await tf.max(tf.abs(tf.sub(tf.matMul(tf.transpose(vectors), vectors as tf.Tensor2D), tf.eye(vectors.shape[1]!)))).data())[0]!;

describe("loraSbFactors", () => {
  it("gives the worked example (its transpose): σ 0.02, product −0.01·[[1,0,−1],[−1,0,1]]", async () => {
    const gradient = tf.transpose(tf.tensor2d([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.6]])) as tf.Tensor2D;
    const factors = await loraSbFactors(gradient, 1, { learningRate: 0.01 });
    expectClose(factors.singularValues, [0.02], 1e-7);
    expectClose(await factors.down.data(), [Math.SQRT1_2, -Math.SQRT1_2], 1e-5);
    expectClose(await factors.up.data(), [-Math.SQRT1_2, 0, Math.SQRT1_2], 1e-5);
    expectClose(await productOf(factors).data(), [-0.01, 0, 0.01, 0.01, 0, -0.01], 1e-7);
    expect(factors.capturedEnergy).toBeCloseTo(4 / 6, 5); // 0.02² of 6·0.01²
  });

  it("follows a sign pattern of rank one exactly", async () => {
    const gradient = tf.transpose(tf.tensor2d([[1, 2, -1], [2, 1, -3], [-1, -1, 2], [1, 3, -2]])) as tf.Tensor2D;
    const factors = await loraSbFactors(gradient, 1, { learningRate: 0.001 });
    expectClose(factors.singularValues, [0.001 * Math.sqrt(12)], 1e-8);
    expectClose(await productOf(factors).data(), await firstStepUpdate(gradient, { learningRate: 0.001 }).data(), 1e-8);
  });

  it("has orthonormal bases, a diagonal descending core, and the energy that it says, whatever the shape", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer(), async (rows, out, rank, seed) => {
        const r = Math.min(rank, rows, out);
        const gradient = normal(rows, out, seed);
        const factors = await loraSbFactors(gradient, r, { learningRate: 0.1 });
        expect(await gap(factors.down)).toBeLessThan(1e-5);
        expect(await gap(tf.transpose(factors.up))).toBeLessThan(1e-5);
        expect([...factors.singularValues]).toEqual([...factors.singularValues].toSorted((a, b) => b - a));
        const update = firstStepUpdate(gradient, { learningRate: 0.1 });
        const [total, kept, lost] = await Promise.all([update, productOf(factors), tf.sub(update, productOf(factors))].map(async (t) => (await tf.sum(tf.square(t)).data())[0]!));
        expect(Math.abs(total! - kept! - lost!)).toBeLessThan(1e-4 * total!);
        expect(Math.abs(factors.capturedEnergy - kept! / total!)).toBeLessThan(1e-4);
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  it("does not depend on the size of the gradient, and turns with its sign", async () => {
    const gradient = normal(9, 7, 1);
    const [one, large, negative] = await Promise.all([gradient, tf.mul(gradient, 1e6) as tf.Tensor2D, tf.neg(gradient)].map((g) => loraSbFactors(g, 3, { learningRate: 0.1 })));
    expectClose(await productOf(large!).data(), await productOf(one!).data(), 1e-6);
    expectClose(await productOf(negative!).data(), await tf.neg(productOf(one!)).data(), 1e-5);
  });

  it("starts at the same product for any scale", async () => {
    const gradient = normal(9, 7, 1);
    const [one, half] = [await loraSbFactors(gradient, 3, { learningRate: 0.1 }), await loraSbFactors(gradient, 3, { learningRate: 0.1, scale: 0.5 })];
    expectClose(await tf.mul(productOf(half), 0.5).data(), await productOf(one).data(), 1e-6);
  });

  it("owns three tensors, and none when it throws", async () => {
    const gradient = normal(9, 7, 1);
    await expectTensorGrowth(3, () => loraSbFactors(gradient, 3, { learningRate: 0.1 }));
    const zeros = tf.zeros<tf.Rank.R2>([4, 4]);
    const nan = tf.fill<tf.Rank.R2>([4, 4], NaN);
    const before = tensorCount();
    const code = async (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (error as WarmstartError).code);
    expect(await code(loraSbFactors(zeros, 2, { learningRate: 0.1 }))).toBe("INSUFFICIENT_DATA");
    expect(await code(loraSbFactors(nan, 2, { learningRate: 0.1 }))).toBe("NOT_FINITE");
    expect(await code(loraSbFactors(gradient, 8, { learningRate: 0.1 }))).toBe("INVALID_OPTION");
    expect(await code(loraSbFactors(gradient, 0, { learningRate: 0.1 }))).toBe("INVALID_OPTION");
    expect(await code(loraSbFactors(gradient, 2, { learningRate: -1 }))).toBe("INVALID_OPTION");
    expect(tensorCount()).toBe(before);
  });
});

describe("firstStepLearningRate", () => {
  it("is the first non-zero rate of a linear warm-up", () => {
    expect(firstStepLearningRate({ learningRate: 1e-4, warmupSteps: 32 })).toBeCloseTo(1e-4 / 32, 12);
    expect(firstStepLearningRate({ learningRate: 1e-4 })).toBe(1e-4);
  });
});

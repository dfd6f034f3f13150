import * as tf from "@tensorflow/tfjs";
import { randomOrthogonal } from "@warmstart/linalg";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { conditionNumber } from "./condition-number.js";

/** With singular values from 1 down to `1 / condition`, evenly in their logarithms. */
const conditioned = (rows: number, columns: number, condition: number) =>
  tf.tidy(() => {
    const k = Math.min(rows, columns);
    const s = tf.tensor1d(Array.from({ length: k }, (_, i) => condition ** (-i / (k - 1))));
    return tf.matMul(tf.mul(randomOrthogonal(rows, k, 1), s), tf.transpose(randomOrthogonal(columns, k, 2))) as tf.Tensor2D;
  });

describe("conditionNumber", () => {
  it("is 1 for orthonormal columns and 4 for diag(2, 0.5)", async () => {
    expect(await conditionNumber(randomOrthogonal(40, 12, 1))).toBeCloseTo(1, 4);
    expect(await conditionNumber(tf.tensor2d([[2, 0], [0, 0.5]]))).toBeCloseTo(4, 5);
  });

  it.each([[30, 20, 50], [20, 90, 1000], [900, 20, 50], [160, 140, 20], [140, 300, 1000], [700, 150, 10]])("is right for %i×%i with condition %i, exact or estimated", async (rows, columns, condition) => {
    const a = conditioned(rows, columns, condition);
    const found = await expectTensorGrowth(0, () => conditionNumber(a));
    expect(found / condition).toBeGreaterThan(0.95);
    expect(found / condition).toBeLessThan(1.02);
  });

  it("is within a few per cent for random matrices, whose singular values crowd", async () => {
    const a = tf.randomNormal<tf.Rank.R2>([200, 150], 0, 1, "float32", 4);
    // Marchenko and Pastur: (1 + √(150/200)) / (1 − √(150/200)) ≈ 13.9, its edges reached within about n^(−2/3).
    const found = await conditionNumber(a);
    expect(found).toBeGreaterThan(11);
    expect(found).toBeLessThan(15);
  });

  it("is infinite for singular matrices: a zero one, a repeated column, small and large", async () => {
    expect(await conditionNumber(tf.zeros([4, 3]))).toBe(Infinity);
    expect(await conditionNumber(tf.zeros([200, 140]))).toBe(Infinity);
    for (const [rows, columns] of [[6, 3], [200, 140]] as const) {
      const a = tf.randomNormal<tf.Rank.R2>([rows, columns - 1], 0, 1, "float32", 1);
      expect(await conditionNumber(tf.concat2d([a, tf.slice(a, [0, 0], [rows, 1])], 1))).toBe(Infinity);
    }
  });

  it("is the same at any scale", async () => {
    const a = conditioned(10, 6, 30);
    for (const scale of [1e-20, 1e20]) expect(await conditionNumber(tf.mul(a, scale) as tf.Tensor2D)).toBeCloseTo(30, 1);
  });
});

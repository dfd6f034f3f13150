import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { leastSquares } from "./least-squares.js";
import { entries, norm, randomMatrix, spoiled, withSpectrum } from "./matrices.fixture.js";
import { svd } from "./svd.js";

/** The yardstick: through the exact singular values. */
async function reference(a: tf.Tensor2D, b: tf.Tensor2D, ridge = 0, cutoff = 1e-6): Promise<tf.Tensor2D> {
  const { u, s, v } = await svd(a);
  const inverse = Float32Array.from(s, (x) => (x > cutoff * s[0]! ? x / (x * x + ridge) : 0));
  return tf.tidy(() => tf.matMul<tf.Tensor2D>(tf.mul(v, tf.tensor2d(inverse, [1, s.length])), tf.matMul(tf.transpose(u), b)));
}

describe("leastSquares", () => {
  it("fits a line through three points as by hand", async () => {
    // points (0, 1), (1, 3), (2, 4): slope 3/2, intercept 7/6
    const x = await leastSquares(tf.tensor2d([[1, 0], [1, 1], [1, 2]]), tf.tensor2d([[1], [3], [4]]));
    expectClose(await entries(x), [7 / 6, 3 / 2], 1e-5);
  });

  it("equals the solution through the exact decomposition, for any shape, rank and ridge", async () => {
    const arbitrary = fc.record({ m: fc.integer({ min: 1, max: 30 }), n: fc.integer({ min: 1, max: 30 }), k: fc.integer({ min: 1, max: 4 }), rank: fc.integer({ min: 0, max: 30 }), ridge: fc.constantFrom(0, 0, 0.01, 1, 100), seed: fc.integer() });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ m, n, k, rank, ridge, seed }) => {
        const a = randomMatrix(m, n, seed, Math.min(m, n, rank));
        const b = randomMatrix(m, k, seed ^ 1);
        const [x, expected] = [await leastSquares(a, b, { ridge }), await reference(a, b, ridge, ridge > 0 ? 0 : 1e-6)];
        const { s, u, v } = await svd(a);
        const kept = ridge > 0 ? s.map((value) => Math.sqrt(value * value + ridge)) : s.filter((value) => value > 1e-6 * s[0]!);
        const [largest = 1, smallest = 1] = [kept[0], kept[kept.length - 1]];
        const condition = largest / smallest;
        const difference = tf.sub(x, expected);
        expect(x.shape).toEqual([n, k]);
        // Wedin's bound for a relative change of float32 size
        if (condition < 1e3) expect(await norm(difference)).toBeLessThanOrEqual(2e-6 * (condition * (await norm(expected)) + (condition ** 2 * (await norm(b))) / largest));
        tf.dispose([a, b, x, expected, u, v, difference]);
      }),
      { seed: 1, numRuns: 50, endOnFailure: true },
    );
  });

  it("solves a tall system of condition 1e3 with many right-hand sides to 1e-4", async () => {
    const a = withSpectrum(300, 80, Array.from({ length: 80 }, (_, i) => 10 ** ((-3 * i) / 79)), 1);
    const truth = randomMatrix(80, 20, 2);
    const x = await leastSquares(a, tf.matMul(a, truth));
    expect((await norm(tf.sub(x, truth))) / (await norm(truth))).toBeLessThan(1e-4);
  });

  it("solves a large square system", async () => {
    const a = tf.tidy(() => tf.add(randomMatrix(400, 400, 1), tf.mul(tf.eye(400), 40)) as tf.Tensor2D);
    const truth = randomMatrix(400, 2, 2);
    const x = await leastSquares(a, tf.matMul(a, truth));
    expect((await norm(tf.sub(x, truth))) / (await norm(truth))).toBeLessThan(1e-4);
  });

  it("gives the solution of smallest norm of a wide system: it lies in the row space", async () => {
    const a = randomMatrix(70, 200, 1);
    const b = randomMatrix(70, 3, 2);
    const x = await leastSquares(a, b);
    expect(await norm(tf.sub(tf.matMul(a, x), b))).toBeLessThan(1e-4);
    const y = await leastSquares(tf.transpose(a), x); // x = aᵀ y for some y
    expect(await norm(tf.sub(tf.matMul(tf.transpose(a), y), x))).toBeLessThan(1e-4);
  });

  it("drops singular values under the tolerance", async () => {
    const x = await leastSquares(tf.tensor2d([[1, 0], [0, 0.01]]), tf.tensor2d([[1], [1]]), { tolerance: 0.1 });
    expectClose(await entries(x), [1, 0], 1e-6);
  });

  it("is zero for a zero matrix", async () => {
    expectClose(await entries(await leastSquares(tf.zeros([4, 3]), tf.ones([4, 2]))), [0, 0, 0, 0, 0, 0], 0, 0);
  });

  it("works in any unit", async () => {
    const a = randomMatrix(40, 10, 1);
    const b = randomMatrix(40, 1, 2);
    const plain = await entries(await leastSquares(a, b, { ridge: 0.5 }));
    const small = await entries(await leastSquares(tf.mul(a, 1e-15), b, { ridge: 0.5e-30 }));
    expectClose(small.map((x) => x * 1e-15), plain, 1e-6, 1e-4);
  });

  it("leaves one tensor behind by every way, nothing when it throws", async () => {
    const b = randomMatrix(20, 2, 2);
    for (const a of [randomMatrix(20, 5, 1), randomMatrix(20, 50, 1), randomMatrix(20, 5, 1, 2), tf.zeros<tf.Rank.R2>([20, 5])]) for (const ridge of [0, 0.1]) await expectTensorGrowth(1, () => leastSquares(a, b, { ridge }));
    const bad = spoiled(randomMatrix(20, 5, 1), NaN);
    await expectTensorGrowth(0, () => leastSquares(bad, b).catch(() => undefined));
  });

  it("throws for heights that differ, NaN in a or b, a negative ridge", async () => {
    const [a, b] = [randomMatrix(6, 3, 1), randomMatrix(6, 1, 2)];
    await expect(leastSquares(a, randomMatrix(5, 1, 2))).rejects.toMatchObject({ code: "SHAPE_MISMATCH", message: expect.stringMatching(/`b` must have as many rows as `a`, 6, got 5/) });
    await expect(leastSquares(spoiled(a, NaN), b)).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/`a`/) });
    await expect(leastSquares(a, spoiled(b, Infinity))).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/`b`/) });
    await expect(leastSquares(a, b, { ridge: -1 })).rejects.toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(/`ridge`.*-1/) });
    await expect(leastSquares(a, b, { tolerance: NaN })).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

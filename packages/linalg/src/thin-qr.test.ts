import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, norm, orthonormalityError, randomMatrix, spoiled } from "./matrices.fixture.js";
import { thinQr } from "./thin-qr.js";

const shapes = fc.record({ m: fc.integer({ min: 1, max: 40 }), n: fc.integer({ min: 1, max: 40 }), rank: fc.integer({ min: 0, max: 40 }), seed: fc.integer() });

async function checkQr(a: tf.Tensor2D): Promise<void> {
  const [m, n] = a.shape;
  const k = Math.min(m, n);
  const { q, r } = await thinQr(a);
  expect(q.shape).toEqual([m, k]);
  expect(r.shape).toEqual([k, n]);
  expect(await orthonormalityError(q)).toBeLessThan(1e-5);
  const rest = tf.tidy(() => tf.sub(tf.matMul(q, r), a));
  expect(await norm(rest)).toBeLessThanOrEqual(3e-6 * (await norm(a)));
  const upper = await entries(r);
  for (let i = 0; i < k; i++) {
    expect(upper[i * n + i]).toBeGreaterThanOrEqual(0);
    for (let j = 0; j < i; j++) expect(upper[i * n + j]).toBe(0);
  }
  tf.dispose([q, r, rest]);
}

describe("thinQr", () => {
  it("factors a 2×2 matrix as by hand", async () => {
    const { q, r } = await thinQr(tf.tensor2d([[3, 1], [4, 2]]));
    // |(3, 4)| = 5; (1, 2)·(0.6, 0.8) = 2.2; (1, 2) - 2.2 (0.6, 0.8) = (-0.32, 0.24) of length 0.4
    expectClose(await entries(q), [0.6, -0.8, 0.8, 0.6], 1e-6);
    expectClose(await entries(r), [5, 2.2, 0, 0.4], 1e-6);
  });

  it("gives orthonormal q, upper triangular r of diagonal >= 0 and q r = a, for any shape and rank", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ m, n, rank, seed }) => {
        const a = randomMatrix(m, n, seed, Math.min(rank, m, n));
        await checkQr(a);
        a.dispose();
      }),
      { seed: 1, numRuns: 60, endOnFailure: true },
    );
  });

  it.each([
    ["tall", () => randomMatrix(3072, 64, 1)],
    ["wide", () => randomMatrix(48, 700, 2)],
    ["square, in blocks", () => randomMatrix(300, 300, 3)],
    ["square of rank 200", () => randomMatrix(300, 300, 3, 200)],
    ["of rank 7", () => randomMatrix(500, 30, 4, 7)],
    ["zero", () => tf.zeros<tf.Rank.R2>([30, 20])],
    ["of equal columns", () => tf.ones<tf.Rank.R2>([50, 9])],
    ["with a zero column", () => tf.tidy(() => tf.concat2d([randomMatrix(60, 3, 5), tf.zeros([60, 1]), randomMatrix(60, 3, 6)] as tf.Tensor2D[], 1))],
    ["with columns of very different length", () => tf.tidy(() => tf.mul(randomMatrix(90, 5, 7), tf.tensor2d([[1, 1e-12, 1e12, 1e-25, 1e5]])) as tf.Tensor2D)],
    ["of nearly parallel columns", () => tf.tidy(() => tf.add(tf.ones([90, 5]), tf.mul(randomMatrix(90, 5, 8), 1e-4)) as tf.Tensor2D)],
    ["of huge numbers", () => tf.tidy(() => tf.mul(randomMatrix(90, 5, 9), 1e30) as tf.Tensor2D)],
    ["of tiny numbers", () => tf.tidy(() => tf.mul(randomMatrix(90, 5, 9), 1e-30) as tf.Tensor2D)],
    ["a row", () => randomMatrix(1, 5, 10)],
    ["a column", () => randomMatrix(5, 1, 10)],
  ])("factors a matrix that is %s", async (_, make) => {
    const a = make();
    await checkQr(a);
    a.dispose();
  });

  it("keeps the direction of a column of length 1e-20 beside ones of length 1", async () => {
    const { q } = await thinQr(tf.tensor2d([[1, 1e-20], [0, 1e-20], [0, 0]]));
    expectClose(await entries(q), [1, 0, 0, 1, 0, 0], 1e-6);
  });

  it("leaves nothing behind but q and r, and nothing at all when it throws", async () => {
    for (const a of [randomMatrix(100, 10, 1), randomMatrix(10, 100, 1), tf.zeros<tf.Rank.R2>([10, 4])]) await expectTensorGrowth(2, () => thinQr(a));
    const bad = spoiled(randomMatrix(100, 10, 1), NaN);
    await expectTensorGrowth(0, () => thinQr(bad).catch(() => undefined));
  });

  it("throws NOT_FINITE for NaN and infinity, SHAPE_MISMATCH for what is no matrix", async () => {
    for (const value of [NaN, Infinity, -Infinity]) await expect(thinQr(spoiled(randomMatrix(100, 10, 1), value))).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/thinQr: `a` of shape \[100, 10\] contains NaN or infinity/) });
    await expect(thinQr(tf.zeros([2, 2, 2]) as unknown as tf.Tensor2D)).rejects.toMatchObject({ code: "SHAPE_MISMATCH", message: expect.stringMatching(/\[2, 2, 2\]/) });
    await expect(thinQr(tf.zeros([0, 3]))).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});

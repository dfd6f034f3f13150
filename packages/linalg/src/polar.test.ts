import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, norm, orthonormalityError, randomMatrix, spoiled, withSpectrum } from "./matrices.fixture.js";
import { nearestOrthogonal, polar } from "./polar.js";
import { randomOrthogonal } from "./random-orthogonal.js";
import { symmetricEigen } from "./symmetric-eigen.js";

async function checkPolar(a: tf.Tensor2D): Promise<void> {
  const [m, n] = a.shape;
  const { u, p } = await polar(a);
  expect([u.shape, p.shape]).toEqual([[m, n], [n, n]]);
  const columns = m >= n ? u : (tf.transpose(u) as tf.Tensor2D);
  expect(await orthonormalityError(columns)).toBeLessThan(1e-5);
  const size = await norm(a);
  const rest = tf.tidy(() => tf.sub(tf.matMul(u, p), a));
  expect(await norm(rest)).toBeLessThanOrEqual(1e-5 * size);
  const { values, vectors } = await symmetricEigen(p);
  expect(values[n - 1]).toBeGreaterThanOrEqual(-1e-5 * size);
  tf.dispose([u, p, columns, rest, vectors]);
}

describe("polar", () => {
  it("splits a rotation by 90° times diag(2, 3)", async () => {
    const { u, p } = await polar(tf.tensor2d([[0, -3], [2, 0]]));
    expectClose(await entries(u), [0, -1, 1, 0], 1e-6);
    expectClose(await entries(p), [2, 0, 0, 3], 1e-6);
  });

  it("gives orthonormal u and semidefinite p with u p = a, for any shape and rank", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 30 }), fc.integer(), async (m, n, rank, seed) => {
        const a = randomMatrix(m, n, seed, Math.min(m, n, rank));
        await checkPolar(a);
        a.dispose();
      }),
      { seed: 1, numRuns: 30, endOnFailure: true },
    );
  });

  it.each([
    ["square, by iteration", () => randomMatrix(100, 100, 1)],
    ["tall, by iteration", () => randomMatrix(150, 70, 2)],
    ["wide, by iteration", () => randomMatrix(70, 150, 2)],
    ["of condition 1e4", () => withSpectrum(80, 80, Array.from({ length: 80 }, (_, i) => 10 ** ((-4 * i) / 79)), 3)],
    ["orthogonal already", () => randomOrthogonal(90, 90, 1)],
    ["singular", () => randomMatrix(70, 70, 4, 40)],
    ["zero", () => tf.zeros<tf.Rank.R2>([70, 66])],
    ["of huge numbers", () => tf.tidy(() => tf.mul(randomMatrix(70, 70, 1), 1e30) as tf.Tensor2D)],
  ])("splits a matrix that is %s", async (_, make) => {
    await checkPolar(make());
  });

  it("leaves two tensors behind, nothing when it throws", async () => {
    for (const a of [randomMatrix(70, 70, 1), randomMatrix(66, 70, 1), randomMatrix(5, 5, 1), tf.zeros<tf.Rank.R2>([70, 70])]) await expectTensorGrowth(2, () => polar(a));
    const bad = spoiled(randomMatrix(70, 70, 1), NaN);
    await expectTensorGrowth(0, () => polar(bad).catch(() => undefined));
  });

  it("throws NOT_FINITE and SHAPE_MISMATCH", async () => {
    await expect(polar(spoiled(randomMatrix(70, 70, 1), Infinity))).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/^polar/) });
    await expect(polar(tf.zeros([0, 1]))).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});

describe("nearestOrthogonal", () => {
  it("gives back an orthogonal matrix behind a positive definite factor", async () => {
    const q = randomOrthogonal(80, 80, 3);
    const a = tf.tidy(() => {
      const half = randomMatrix(80, 80, 4);
      return tf.matMul<tf.Tensor2D>(q, tf.add(tf.matMul(tf.transpose(half), half), tf.mul(tf.eye(80), 10)));
    });
    expectClose(await entries(await nearestOrthogonal(a)), await entries(q), 1e-4, 0);
  });

  it("is nearer than other orthonormal matrices", async () => {
    const a = randomMatrix(90, 70, 1);
    const away = async (u: tf.Tensor2D) => norm(tf.sub(a, u));
    const nearest = await away(await nearestOrthogonal(a));
    for (const seed of [1, 2, 3]) expect(await away(randomOrthogonal(90, 70, seed))).toBeGreaterThan(nearest * 1.001);
  });

  it("leaves one tensor behind", async () => {
    const a = randomMatrix(70, 80, 1);
    await expectTensorGrowth(1, () => nearestOrthogonal(a));
  });
});

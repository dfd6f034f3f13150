import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, norm, orthonormalityError, randomMatrix, spoiled } from "./matrices.fixture.js";
import { orthonormalize } from "./orthonormalize.js";

describe("orthonormalize", () => {
  it("gives an orthonormal basis that contains the columns, for any shape and rank", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 }), fc.integer(), async (m, n, rank, seed) => {
        const a = randomMatrix(m, n, seed, Math.min(m, n, rank));
        const q = await orthonormalize(a, { seed: 3 });
        expect(q.shape).toEqual([m, Math.min(m, n)]);
        expect(await orthonormalityError(q)).toBeLessThan(1e-5);
        const outside = tf.tidy(() => tf.sub(a, tf.matMul(q, tf.matMul(tf.transpose(q), a))));
        expect(await norm(outside)).toBeLessThanOrEqual(3e-6 * (await norm(a)));
        tf.dispose([a, q, outside]);
      }),
      { seed: 1, numRuns: 40, endOnFailure: true },
    );
  });

  it("completes a zero matrix from the seed: the same seed the same basis, another seed another", async () => {
    const zero = tf.zeros<tf.Rank.R2>([40, 6]);
    const [one, again, other] = (await Promise.all([1, 1, 2].map(async (seed) => entries(await orthonormalize(zero, { seed }))))) as [Float64Array, Float64Array, Float64Array];
    expectClose(again, one, 0, 0);
    expect(Math.max(...one.map((x, i) => Math.abs(x - other[i]!)))).toBeGreaterThan(0.1);
  });

  it("changes nothing about columns that are orthonormal already", async () => {
    const q = await orthonormalize(randomMatrix(80, 8, 1));
    expectClose(await entries(await orthonormalize(q)), await entries(q), 1e-5);
  });

  it("leaves one tensor behind, none when it throws", async () => {
    const a = randomMatrix(100, 10, 1);
    const bad = spoiled(a, NaN);
    await expectTensorGrowth(1, () => orthonormalize(a));
    await expectTensorGrowth(0, () => orthonormalize(bad).catch(() => undefined));
    await expectTensorGrowth(0, () => orthonormalize(a, { seed: 0.5 }).catch(() => undefined));
  });

  it("throws NOT_FINITE and INVALID_OPTION", async () => {
    await expect(orthonormalize(spoiled(randomMatrix(9, 9, 1), NaN))).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/^orthonormalize/) });
    await expect(orthonormalize(randomMatrix(9, 9, 1), { seed: 0.5 })).rejects.toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(/`seed`.*0\.5/) });
  });
});

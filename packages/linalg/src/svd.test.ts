import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, norm, orthonormalityError, randomMatrix, residual, spoiled, withSpectrum } from "./matrices.fixture.js";
import { svd } from "./svd.js";

describe("svd", () => {
  it("decomposes a 2×2 matrix as by hand", async () => {
    // a maps e2 to -3 e1 and e1 to 2 e2
    const { u, s, v } = await svd(tf.tensor2d([[0, -3], [2, 0]]));
    expectClose(s, [3, 2], 1e-12);
    expectClose(await entries(v), [0, 1, 1, 0], 1e-7);
    expectClose(await entries(u), [-1, 0, 0, 1], 1e-7); // the sign that v must not have
  });

  it("gives orthonormal factors whose product is the matrix, for any shape and rank", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 }), fc.integer(), async (m, n, rank, seed) => {
        const a = randomMatrix(m, n, seed, Math.min(m, n, rank));
        const found = await svd(a);
        const k = Math.min(m, n);
        expect([found.u.shape, found.s.length, found.v.shape]).toEqual([[m, k], k, [n, k]]);
        expect(await orthonormalityError(found.u)).toBeLessThan(1e-6);
        expect(await orthonormalityError(found.v)).toBeLessThan(1e-6);
        expect(await residual(a, found)).toBeLessThanOrEqual(1e-6 * (await norm(a)));
        found.s.forEach((x, i) => expect(x).toBeLessThanOrEqual(found.s[i - 1] ?? Infinity));
        tf.dispose([a, found.u, found.v]);
      }),
      { seed: 1, numRuns: 40, endOnFailure: true },
    );
  });

  it("finds a known spectrum to float32 accuracy, also far below the largest value", async () => {
    const spectrum = Array.from({ length: 30 }, (_, i) => 2 ** -(i / 2));
    const { s } = await svd(withSpectrum(200, 30, spectrum, 1));
    expectClose(s, spectrum, 1e-6, 1e-5);
  });

  it("has the singular values of the transpose", async () => {
    const a = randomMatrix(30, 12, 5);
    expectClose((await svd(tf.transpose(a))).s, (await svd(a)).s, 1e-12);
  });

  it("leaves u and v behind, nothing when it throws", async () => {
    const a = randomMatrix(20, 10, 1);
    const bad = spoiled(a, Infinity);
    await expectTensorGrowth(2, () => svd(a));
    await expectTensorGrowth(0, () => svd(bad).catch(() => undefined));
  });

  it("throws NOT_FINITE and SHAPE_MISMATCH", async () => {
    await expect(svd(spoiled(randomMatrix(4, 4, 1), NaN))).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/^svd: `a`/) });
    await expect(svd(tf.zeros([3, 0]))).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});

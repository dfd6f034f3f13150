import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, orthonormalityError, randomMatrix, spoiled, withSpectrum } from "./matrices.fixture.js";
import { topEigen } from "./top-eigen.js";

/** `Q diag(spectrum) Qᵀ`: the square of a matrix with the square roots as spectrum. */
function semidefinite(spectrum: readonly number[], seed: number): tf.Tensor2D {
  return tf.tidy(() => {
    const root = withSpectrum(spectrum.length, spectrum.length, spectrum.map(Math.sqrt), seed);
    return tf.matMul<tf.Tensor2D>(tf.transpose(root), root);
  });
}

describe("topEigen", () => {
  it("finds the leading eigenvalues of a covariance with a 1/i spectrum to 0.1 %, from a random start", async () => {
    const spectrum = Array.from({ length: 256 }, (_, i) => 1 / (i + 1));
    const a = semidefinite(spectrum, 1);
    const { values, vectors } = await topEigen(a, 12);
    expectClose(values, spectrum.slice(0, 12), 0, 1e-3);
    expect(await orthonormalityError(vectors)).toBeLessThan(1e-5);
    const rest = tf.tidy(() => tf.sub(tf.matMul(a, vectors), tf.mul(vectors, tf.tensor2d(Float32Array.from(values), [1, 12]))));
    for (const x of await entries(rest)) expect(Math.abs(x)).toBeLessThan(5e-3);
  });

  it("follows a matrix that changed a little in two iterations from the last vectors", async () => {
    const spectrum = Array.from({ length: 200 }, (_, i) => 0.9 ** i);
    const before = semidefinite(spectrum, 2);
    const noise = tf.tidy(() => tf.mul(randomMatrix(200, 200, 3), 1e-3));
    const a = tf.tidy(() => tf.add(before, tf.matMul(tf.transpose(noise), noise)) as tf.Tensor2D);
    const start = (await topEigen(before, 10, { iterations: 8 })).vectors;
    const exact = await topEigen(a, 10, { iterations: 12, oversample: 20 });
    const warm = await topEigen(a, 10, { start });
    const cold = await topEigen(a, 10, { iterations: 2 });
    const distance = async (x: tf.Tensor2D) => Math.max(...(await entries(tf.sub(x, exact.vectors))).map(Math.abs));
    expectClose(warm.values, exact.values, 0, 1e-5);
    expect(await distance(warm.vectors)).toBeLessThan(2e-3);
    expect(await distance(cold.vectors)).toBeGreaterThan(2e-2); // so the start is used
  });

  it("is exact on small matrices", async () => {
    const a = semidefinite([5, 3, 2, 1, 0.5], 4);
    const { values } = await topEigen(a, 3);
    expectClose(values, [5, 3, 2], 1e-5);
  });

  it("is orthonormal, ordered and never NaN for any rank, zero included", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 65, max: 110 }), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }), fc.integer(), async (n, rank, k, seed) => {
        const half = randomMatrix(n, n, seed, rank);
        const a = tf.matMul<tf.Tensor2D>(tf.transpose(half), half);
        const { values, vectors } = await topEigen(a, k);
        expect(await orthonormalityError(vectors)).toBeLessThan(1e-5);
        values.forEach((x, i) => expect(x).toBeLessThanOrEqual(values[i - 1] ?? Infinity));
        for (const x of values.slice(rank)) expect(Math.abs(x)).toBeLessThanOrEqual(1e-5 * values[0]!);
        tf.dispose([half, a, vectors]);
      }),
      { seed: 1, numRuns: 15, endOnFailure: true },
    );
  });

  it("takes a start with fewer or more columns than wanted, or one without use", async () => {
    const a = semidefinite(Array.from({ length: 100 }, (_, i) => 0.8 ** i), 5);
    const exact = await topEigen(a, 4, { iterations: 10 });
    for (const start of [randomMatrix(100, 1, 1), randomMatrix(100, 40, 1), tf.zeros<tf.Rank.R2>([100, 4])]) expectClose((await topEigen(a, 4, { start, iterations: 8 })).values, exact.values, 0, 1e-4);
  });

  it("leaves one tensor behind and the start alone, nothing when it throws", async () => {
    const a = semidefinite(Array.from({ length: 80 }, (_, i) => 0.8 ** i), 5);
    const start = randomMatrix(80, 4, 1);
    const bad = spoiled(a, NaN);
    await expectTensorGrowth(1, () => topEigen(a, 4, { start }));
    await expectTensorGrowth(0, () => topEigen(bad, 4, { start }).catch(() => undefined));
    expect(start.isDisposed).toBe(false);
  });

  it("throws for a matrix that is not square or not finite, a start of another height, a bad k", async () => {
    const a = randomMatrix(80, 80, 1);
    await expect(topEigen(randomMatrix(3, 4, 1), 1)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    await expect(topEigen(a, 2, { start: randomMatrix(79, 2, 1) })).rejects.toMatchObject({ code: "SHAPE_MISMATCH", message: expect.stringMatching(/`start`.*80.*\[79, 2\]/) });
    await expect(topEigen(spoiled(a, Infinity), 2)).rejects.toMatchObject({ code: "NOT_FINITE" });
    await expect(topEigen(a, 2, { start: spoiled(randomMatrix(80, 2, 1), NaN) })).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/`start`/) });
    for (const k of [0, 81, 0.5]) await expect(topEigen(a, k)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, norm, orthonormalityError, randomMatrix, residual, spoiled, withSpectrum } from "./matrices.fixture.js";
import { randomizedSvd, type RandomizedSvdOptions } from "./randomized-svd.js";
import { svd, type Svd } from "./svd.js";

const energy = (s: ArrayLike<number>): number => Array.from(s).reduce((sum, x) => sum + x * x, 0);

/** What holds for every input: shapes, orthonormality, order, signs. */
async function checkFactors(a: tf.Tensor2D, r: number, { u, s, v }: Svd): Promise<void> {
  const [m, n] = a.shape;
  expect(u.shape).toEqual([m, r]);
  expect(v.shape).toEqual([n, r]);
  expect(s.length).toBe(r);
  expect(await orthonormalityError(u)).toBeLessThan(1e-5);
  expect(await orthonormalityError(v)).toBeLessThan(1e-5);
  s.forEach((x, i) => expect(x).toSatisfy((value: number) => value >= 0 && (i === 0 || value <= s[i - 1]!)));
  const data = await entries(v);
  for (let j = 0; j < r; j++) {
    const column = Array.from({ length: n }, (_, i) => data[i * r + j]!);
    const largest = column.reduce((so, x) => (Math.abs(x) > Math.abs(so) ? x : so), 0);
    expect(largest).toBeGreaterThan(0);
  }
}

describe("randomizedSvd", () => {
  it("captures within 1 % of the best possible energy on a slowly decaying spectrum (σᵢ = i^-½, 768×768, r = 32)", async () => {
    const spectrum = Array.from({ length: 768 }, (_, i) => (i + 1) ** -0.5);
    const a = withSpectrum(768, 768, spectrum, 5);
    for (const seed of [0, 1, 2]) {
      const found = await randomizedSvd(a, 32, { seed });
      await checkFactors(a, 32, found);
      const captured = energy(found.s) / energy(spectrum.slice(0, 32));
      expect(captured).toBeGreaterThan(0.999); // five times closer than promised
      expect(captured).toBeLessThan(1 + 1e-5);
      tf.dispose([found.u, found.v]);
    }
  });

  it("comes within 0.6 % of the smallest possible error on the signs of a noisy gradient, wide and tall", async () => {
    const sign = tf.tidy(() => tf.sign(tf.add(randomMatrix(256, 1024, 1, 8), tf.mul(randomMatrix(256, 1024, 2), 2))) as tf.Tensor2D);
    const gram = tf.tidy(() => tf.matMul<tf.Tensor2D>(sign, tf.transpose(sign)));
    const { symmetricEigen } = await import("./symmetric-eigen.js");
    const { values } = await symmetricEigen(gram);
    const best = Math.sqrt(values.slice(16).reduce((sum, x) => sum + x, 0));
    for (const a of [sign, tf.transpose(sign)]) {
      const found = await randomizedSvd(a, 16, { powerIterations: 4 });
      await checkFactors(a, 16, found);
      expect((await residual(a, found)) / best).toBeLessThan(1 + 6e-3);
    }
  });

  it("comes closer with every power iteration, and many do no harm", async () => {
    const spectrum = Array.from({ length: 256 }, (_, i) => 2 * Math.cos(((i + 0.5) / 256) * (Math.PI / 2))); // nearly flat, as of a random matrix
    const a = withSpectrum(256, 400, spectrum, 1);
    const best = Math.sqrt(energy(spectrum.slice(16)));
    const excess: number[] = [];
    for (const powerIterations of [0, 1, 2, 4, 8, 16, 30]) excess.push((await residual(a, await randomizedSvd(a, 16, { powerIterations }))) / best - 1);
    excess.forEach((x, i) => i > 0 && expect(x).toBeLessThan(Math.max(0.7 * excess[i - 1]!, 1e-5)));
    // Plain power iteration, on the host in float64, stands at 2.5e-3 or more after 4 steps from such a sketch (five seeds).
    expect(excess[3]).toBeLessThan(1.6e-3);
  });

  it("finds the exact singular values where they are well apart", async () => {
    const spectrum = Array.from({ length: 100 }, (_, i) => 0.7 ** i);
    const a = withSpectrum(150, 120, spectrum, 3);
    const found = await randomizedSvd(a, 10);
    expectClose(found.s, spectrum.slice(0, 10), 3e-6, 1e-5);
    const exact = await svd(a);
    const leading = tf.slice(exact.v, [0, 0], [120, 10]);
    expectClose(await entries(found.v), await entries(leading), 2e-4, 0);
  });

  it("agrees with the exact solver to 1e-6 on small matrices, whatever the seed", async () => {
    const a = randomMatrix(64, 200, 1);
    const [one, other, exact] = [await randomizedSvd(a, 5, { seed: 1 }), await randomizedSvd(a, 5, { seed: 2 }), await randomizedSvd(a, 5, { solver: "exact" })];
    for (const found of [one, other]) {
      expectClose(found.s, exact.s, 0, 0);
      expectClose(await entries(found.u), await entries(exact.u), 0, 0);
      expectClose(await entries(found.v), await entries(exact.v), 0, 0);
    }
  });

  it("holds its promises for any shape, rank of the matrix and r, by either solver", async () => {
    const solver = fc.constantFrom("auto" as const, "randomized" as const);
    const arbitrary = fc.record({ m: fc.integer({ min: 1, max: 100 }), n: fc.integer({ min: 1, max: 100 }), part: fc.double({ min: 0, max: 1, noNaN: true }), rank: fc.integer({ min: 0, max: 100 }), seed: fc.integer(), solver, powerIterations: fc.integer({ min: 0, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ m, n, part, rank, seed, solver, powerIterations }) => {
        const short = Math.min(m, n);
        const r = 1 + Math.floor(part * (short - 1));
        const trueRank = Math.min(rank, short);
        const a = randomMatrix(m, n, seed, trueRank);
        const found = await randomizedSvd(a, r, { seed: seed % 1000, solver, powerIterations });
        await checkFactors(a, r, found);
        const [error, size] = [await residual(a, found), await norm(a)];
        expect(Math.abs(error ** 2 + energy(found.s) - size ** 2)).toBeLessThanOrEqual(1e-4 * size ** 2); // Pythagoras
        if (r >= trueRank) expect(error).toBeLessThanOrEqual(1e-5 * size);
        for (const s of found.s.slice(trueRank)) expect(s).toBeLessThanOrEqual(2e-6 * size);
        tf.dispose([a, found.u, found.v]);
      }),
      { seed: 1, numRuns: 40, endOnFailure: true },
    );
  });

  it.each([
    ["zero", () => tf.zeros<tf.Rank.R2>([100, 90])],
    ["of rank 1", () => tf.ones<tf.Rank.R2>([90, 100])],
    ["of rank 3", () => randomMatrix(300, 80, 1, 3)],
    ["of huge numbers", () => tf.tidy(() => tf.mul(randomMatrix(90, 100, 2), 1e33) as tf.Tensor2D)],
    ["of tiny numbers", () => tf.tidy(() => tf.mul(randomMatrix(90, 100, 2), 1e-33) as tf.Tensor2D)],
    ["of fast decay", () => withSpectrum(200, 200, Array.from({ length: 200 }, (_, i) => 0.5 ** i), 4)],
    ["of integers", () => tf.tidy(() => tf.cast(tf.mul(randomMatrix(90, 100, 2), 5), "int32") as tf.Tensor2D)],
  ])("decomposes a matrix that is %s", async (_, make) => {
    const a = make();
    await checkFactors(a, 10, await randomizedSvd(a, 10));
  });

  it("scales with the matrix: s of 1e-25 a is 1e-25 s of a, u and v are the same", async () => {
    const a = randomMatrix(80, 100, 3, 12);
    const small = tf.mul(a, 1e-25) as tf.Tensor2D;
    const [one, other] = [await randomizedSvd(a, 5), await randomizedSvd(small, 5)];
    expectClose(other.s.map((x) => x * 1e25), one.s, 0, 1e-5);
    expectClose(await entries(other.u), await entries(one.u), 1e-4, 0);
  });

  it("repeats with the seed, and changes with it", async () => {
    const a = randomMatrix(120, 100, 1);
    const [one, again, other] = (await Promise.all([7, 7, 8].map((seed) => randomizedSvd(a, 10, { seed })))) as [Svd, Svd, Svd];
    expectClose(await entries(again.u), await entries(one.u), 0, 0);
    expect(other.s).not.toEqual(one.s);
  });

  it("leaves u and v behind, and nothing when it throws", async () => {
    const a = randomMatrix(200, 100, 1);
    await expectTensorGrowth(2, () => randomizedSvd(a, 10));
    await expectTensorGrowth(2, () => randomizedSvd(a, 10, { solver: "exact" }));
    const zero = tf.zeros<tf.Rank.R2>([200, 100]);
    await expectTensorGrowth(2, () => randomizedSvd(zero, 10));
    const bad = spoiled(a, NaN);
    for (const solver of ["randomized", "exact"] as const) await expectTensorGrowth(0, () => randomizedSvd(bad, 10, { solver }).catch(() => undefined));
    await expectTensorGrowth(0, () => randomizedSvd(a, 0).catch(() => undefined));
  });

  it.each<[string, number, RandomizedSvdOptions, RegExp]>([
    ["rank 0", 0, {}, /`r` must be an integer from 1 to 70, got 0/],
    ["a negative rank", -1, {}, /got -1/],
    ["a fractional rank", 1.5, {}, /got 1.5/],
    ["a rank beyond the shorter side", 71, {}, /from 1 to 70, got 71/],
    ["a negative oversample", 3, { oversample: -1 }, /`oversample`/],
    ["fractional powerIterations", 3, { powerIterations: 0.5 }, /`powerIterations`/],
    ["a seed that is no integer", 3, { seed: NaN }, /`seed`/],
    ["an unknown solver", 3, { solver: "fast" as "auto" }, /`solver`.*"fast"/],
  ])("throws INVALID_OPTION for %s", async (_, r, options, message) => {
    await expect(randomizedSvd(randomMatrix(80, 70, 1), r, options)).rejects.toMatchObject({ code: "INVALID_OPTION", message: expect.stringMatching(message) });
  });

  it("throws NOT_FINITE for NaN and infinity anywhere, by either solver", async () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const solver of ["randomized", "exact"] as const) await expect(randomizedSvd(spoiled(randomMatrix(80, 70, 1), value), 3, { solver })).rejects.toMatchObject({ code: "NOT_FINITE", message: expect.stringMatching(/randomizedSvd: `a`/) });
    }
  });

  it("throws SHAPE_MISMATCH for a vector and an empty matrix", async () => {
    await expect(randomizedSvd(tf.zeros([5]) as unknown as tf.Tensor2D, 1)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
    await expect(randomizedSvd(tf.zeros([0, 5]), 1)).rejects.toMatchObject({ code: "SHAPE_MISMATCH" });
  });
});

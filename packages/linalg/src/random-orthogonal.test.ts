import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries, orthonormalityError } from "./matrices.fixture.js";
import { randomOrthogonal } from "./random-orthogonal.js";

/** Kolmogorov–Smirnov distance of a sample from a distribution function. */
function distanceFromLaw(sample: readonly number[], law: (x: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  return sorted.reduce((so, x, i) => Math.max(so, Math.abs(law(x) - i / sorted.length), Math.abs(law(x) - (i + 1) / sorted.length)), 0);
}

describe("randomOrthogonal", () => {
  it("has orthonormal columns, or rows where they are fewer, for any shape", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 150 }), fc.integer(), async (rows, columns, seed) => {
        const q = randomOrthogonal(rows, columns, seed);
        expect(q.shape).toEqual([rows, columns]);
        const tall = rows >= columns ? q : (tf.transpose(q) as tf.Tensor2D);
        expect(await orthonormalityError(tall)).toBeLessThan(5e-6);
        tf.dispose([q, tall]);
      }),
      { seed: 1, numRuns: 25, endOnFailure: true },
    );
  });

  it("is uniform in the plane: the angle of the first column is uniform, a rotation as likely as a reflection", async () => {
    const angles: number[] = [];
    let reflections = 0;
    for (let seed = 0; seed < 400; seed++) {
      const q = randomOrthogonal(2, 2, seed);
      const [a, b, c, d] = (await entries(q)) as unknown as [number, number, number, number];
      q.dispose();
      angles.push(Math.atan2(c, a) / (2 * Math.PI) + 0.5);
      if (a * d - b * c < 0) reflections++;
    }
    expect(distanceFromLaw(angles, (x) => x)).toBeLessThan(1.63 / 20); // 1 % level, n = 400
    expect(distanceFromLaw(angles, (x) => x ** 1.5)).toBeGreaterThan(1.63 / 20); // the test can fail
    expect(Math.abs(reflections - 200)).toBeLessThan(26); // 2.6 standard deviations
  });

  it("has entries like coordinates of a uniform point of the sphere, in every corner, and traces of variance 1", async () => {
    // On the sphere in three dimensions a coordinate is uniform on [-1, 1]; the trace of a Haar matrix has mean 0 and variance 1.
    const corners: number[][] = [[], [], [], []];
    const traces: number[] = [];
    for (let seed = 0; seed < 400; seed++) {
      const q = randomOrthogonal(3, 3, seed);
      const x = await entries(q);
      q.dispose();
      [0, 2, 6, 8].forEach((at, i) => corners[i]!.push(x[at]!));
      traces.push(x[0]! + x[4]! + x[8]!);
    }
    for (const corner of corners) expect(distanceFromLaw(corner, (x) => (x + 1) / 2)).toBeLessThan(1.63 / 20);
    const mean = traces.reduce((a, b) => a + b) / 400;
    const variance = traces.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 399;
    expect(Math.abs(mean)).toBeLessThan(0.15);
    expect(Math.abs(variance - 1)).toBeLessThan(0.2);
  });

  it("equals Q of a QR decomposition with positive diagonal: q of one column is a Gaussian vector, normalized", async () => {
    const { gaussian } = await import("./gaussian.js");
    const normal = gaussian(9);
    const x = Array.from({ length: 7 }, normal);
    const length = Math.hypot(...x);
    expectClose(await entries(randomOrthogonal(7, 1, 9)), x.map((value) => value / length), 1e-6);
  });

  it("repeats with the seed, on every backend", async () => {
    // From the first run on wasm; other backends differ by rounding.
    expectClose(await entries(randomOrthogonal(2, 3, 42)), [-0.8434659, -0.0694743, -0.5326712, -0.2344577, -0.8445566, 0.4814079], 1e-6);
    expectClose(await entries(randomOrthogonal(100, 80, 5)), await entries(randomOrthogonal(100, 80, 5)), 0, 0);
    expect(await entries(randomOrthogonal(3, 3, 1))).not.toEqual(await entries(randomOrthogonal(3, 3, 2)));
  });

  it("leaves one tensor behind, none when it throws", async () => {
    await expectTensorGrowth(1, () => randomOrthogonal(130, 70, 1));
    await expectTensorGrowth(0, () => {
      expect(() => randomOrthogonal(0, 3, 1)).toThrow(/`rows` must be an integer of at least 1, got 0/);
      expect(() => randomOrthogonal(3, 1.5, 1)).toThrow(/`columns`/);
      expect(() => randomOrthogonal(3, 3, NaN)).toThrow(/`seed`/);
    });
  });
});

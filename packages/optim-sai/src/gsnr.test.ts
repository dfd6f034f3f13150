import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gSNROfSums } from "./gsnr.js";
import { gSNR } from "./index.js";

const gain = async (values: number[], options?: Parameters<typeof gSNR>[1], measure = gSNR): Promise<number> => {
  const gradient = tf.tensor1d(values);
  const result = measure(gradient, options);
  const [value] = await result.data();
  tf.dispose([gradient, result]);
  return value!;
};

describe("gSNR", () => {
  it("is the norm over the unbiased standard deviation", async () => {
    // [1,2,3,4]: ‖g‖ √30, s √(5/3): √18. [1,−1,1,−1]: 2 / √(4/3) = √3.
    expectClose([await gain([1, 2, 3, 4]), await gain([1, -1, 1, -1]), await gain([0.1, -0.2, 0.05, 0.3, -0.15, 0])], [4.2426406543, 1.7320507926, 2.2474474074], 0, 1e-6);
  });

  it("feels epsilon where the gradient is as small", async () => {
    const tiny = [1e-8, 2e-8, 3e-8, 4e-8];
    expectClose([await gain(tiny), await gain(tiny, { epsilon: 0 })], [2.3907633552, 4.2426406871], 0, 1e-5);
  });

  it("stays in range for gradients whose squares do not", async () => {
    for (const scale of [1e20, 1e-20, 1e-25]) expect(await gain([1, 2, 3, 4].map((x) => x * scale), { epsilon: 0 })).toBeCloseTo(4.24264, 4);
  });

  it("does not depend on scale, sign, order and shape", async () => {
    const values = [0.1, -0.2, 0.05, 0.3, -0.15, 0];
    const base = await gain(values, { epsilon: 0 });
    for (const k of [-20, 20]) expect(await gain(values.map((x) => x * 2 ** k), { epsilon: 0 })).toBeCloseTo(base, 5);
    for (const other of [values.map((x) => -x), values.toReversed()]) expect(await gain(other, { epsilon: 0 })).toBeCloseTo(base, 5);
    const matrix = tf.tensor2d(values, [2, 3]);
    const result = gSNR(matrix, { epsilon: 0 });
    expect((await result.data())[0]).toBeCloseTo(base, 5);
    tf.dispose([matrix, result]);
  });

  it("is √N where there is no spread, and NaN where the gradient is not finite", async () => {
    expectClose([await gain([3]), await gain([0.1, 0.1, 0.1]), await gain([0, 0, 0, 0])], [1, Math.sqrt(3), 2], 1e-6);
    expectClose([await gain([3], { degenerate: "official" }), await gain([0.5, 0.5, 0.5], { degenerate: "official" }), await gain([0, 0], { degenerate: "official" })], [3e8, 8.660254e7, 0], 0, 1e-5);
    for (const bad of [NaN, Infinity, -Infinity]) for (const degenerate of ["sqrt-numel", "official"] as const) expect(await gain([1, bad, 2], { degenerate })).toBeNaN();
  });

  it("is at least √(N − 1), about √N for mean 0, and √(N(1 + c²)) for a mean of c deviations", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 }), async (values) => {
        expect(await gain(values)).toBeGreaterThanOrEqual(Math.sqrt(values.length - 1) * (1 - 1e-4) * (Math.max(...values.map(Math.abs)) > 1e-3 ? 1 : 0));
      }),
      { numRuns: 25, seed: 1 },
    );
    for (const [shift, expected] of [[0, 1], [1, Math.SQRT2], [2, Math.sqrt(5)]] as const) {
      const gradient = tf.randomNormal([100, 100], shift, 1, "float32", 7);
      const result = gSNR(gradient);
      expect(Math.abs((await result.data())[0]! / 100 - expected)).toBeLessThan(0.02);
      tf.dispose([gradient, result]);
    }
  });

  it("owns one tensor", async () => {
    const gradient = tf.ones([3]);
    const result = await expectTensorGrowth(1, () => gSNR(gradient));
    tf.dispose([gradient, result]);
  });
});

describe("gSNROfSums", () => {
  const both = async (values: number[], options?: Parameters<typeof gSNR>[1]) => [await gain(values, options), await gain(values, options, gSNROfSums)] as const;

  it("is the gain to three digits where entries are spread, and where there is no spread at all", async () => {
    const entries = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(entries, fc.constantFrom("sqrt-numel" as const, "official" as const), fc.constantFrom(1e-6, 1, 1e6), async (values, degenerate, scale) => {
        const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
        const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1));
        fc.pre(deviation > 0.1 * Math.hypot(mean, deviation) && deviation > 1e-3);
        const [careful, quick] = await both(values.map((x) => x * scale), { degenerate });
        expectClose([quick], [careful], 0, 1e-3);
      }),
      { numRuns: 25, seed: 3 },
    );
    for (const values of [[3], [0.5, 0.5, 0.5], [0, 0]]) for (const degenerate of ["sqrt-numel", "official"] as const) {
      const [careful, quick] = await both(values, { degenerate });
      expectClose([quick], [careful], 1e-6, 1e-5);
    }
  });

  it("is not finite where the gradient is not, or where its squares are not", async () => {
    for (const bad of [NaN, Infinity, -Infinity, 1e25]) for (const degenerate of ["sqrt-numel", "official"] as const) expect(await gain([1, bad, 2], { degenerate }, gSNROfSums)).not.toBeLessThan(Infinity);
  });

  it("owns one tensor", async () => {
    const gradient = tf.ones([3]);
    const result = await expectTensorGrowth(1, () => gSNROfSums(gradient));
    tf.dispose([gradient, result]);
  });
});

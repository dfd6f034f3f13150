import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pissa, pissaFactors } from "./pissa.js";

const product = (down: tf.Tensor, up: tf.Tensor, scale: number) => tf.mul(tf.matMul(down as tf.Tensor2D, up as tf.Tensor2D), scale);

describe("pissaFactors", () => {
  it("splits [[3,1],[1,3]]: σ 4 on (1,1)/√2, so the factors are √2 and the base [[1,−1],[−1,1]]", async () => {
    const kernel = tf.tensor2d([[3, 1], [1, 3]]);
    for (const [scale, entry] of [[1, Math.SQRT2], [2, 1]] as const) {
      const { down, up, base, singularValues } = await pissaFactors(kernel, { r: 1, scale });
      expectClose((await down.data()).map(Math.abs), [entry, entry]);
      expectClose((await up.data()).map(Math.abs), [entry, entry]);
      expectClose(await base.data(), [1, -1, -1, 1]);
      expect(singularValues[0]).toBeCloseTo(4, 5);
    }
  });

  it("starts exactly, with a product that does not depend on the scale, and a base of the remaining energy", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.double({ min: 0.1, max: 8, noNaN: true }), fc.integer(), async (rows, out, rank, scale, seed) => {
        const r = Math.min(rank, rows, out);
        const kernel = tf.randomNormal<tf.Rank.R2>([rows, out], 0, 1, "float32", seed);
        const { down, up, base, singularValues } = await pissaFactors(kernel, { r, scale });
        expectClose(await tf.add(base, product(down, up, scale)).data(), await kernel.data(), 1e-5, 1e-5);
        const one = await pissaFactors(kernel, { r });
        expectClose(await product(down, up, scale).data(), await product(one.down, one.up, 1).data(), 1e-4, 1e-4);
        const total = (await tf.sum(tf.square(kernel)).data())[0]!;
        const rest = (await tf.sum(tf.square(base)).data())[0]!;
        expect(Math.abs(rest + singularValues.reduce((sum, sigma) => sum + sigma ** 2, 0) - total)).toBeLessThan(1e-3 * total + 1e-5);
      }),
      { numRuns: 20, seed: 3 },
    );
  });

  it("owns three tensors", async () => {
    const kernel = tf.randomNormal<tf.Rank.R2>([6, 5], 0, 1, "float32", 1);
    await expectTensorGrowth(3, () => pissaFactors(kernel, { r: 2 }));
    await expectTensorGrowth(3, () => pissaFactors(kernel, { r: 2, iterations: "exact" }));
  });
});

describe("pissa on a model", () => {
  const model = () => tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [6], activation: "tanh", name: "a" }), tf.layers.dense({ units: 4, name: "b" })] });

  it("leaves the output where it was and the base untouched", async () => {
    const base = model();
    const x = tf.randomNormal([5, 6], 0, 1, "float32", 2);
    const before = await Promise.all(networkOf(base).parameters.map(async ({ variable }) => Array.from(await variable.data())));
    const { result, report, details } = await initialize(base, pissa({ r: 2, targetLayers: ["a", "b"] }));
    expectClose(await (result.predict(x) as tf.Tensor).data(), await (base.predict(x) as tf.Tensor).data(), 1e-5, 1e-5);
    expect(await Promise.all(networkOf(base).parameters.map(async ({ variable }) => Array.from(await variable.data())))).toEqual(before);
    expect(details.adapters.map(({ layer, r }) => [layer, r])).toEqual([["a", 2], ["b", 2]]);
    expect(report.toString()).toContain("a  ");
  });

  it("refuses an all-zero kernel and one with NaN, naming the layer and leaking nothing", async () => {
    for (const [value, code] of [[0, "INSUFFICIENT_DATA"], [NaN, "NOT_FINITE"]] as const) {
      const base = model();
      const { variable } = networkOf(base).parameters[2]!;
      variable.assign(tf.fill(variable.shape, value));
      const before = tensorCount();
      const error = await initialize(base, pissa({ r: 2, targetLayers: ["a", "b"] })).catch((caught: unknown) => caught);
      expect(WarmstartError.isInstance(error, code)).toBe(true);
      expect((error as Error).message).toContain('"b"');
      expect(tensorCount()).toBe(before);
    }
  });
});

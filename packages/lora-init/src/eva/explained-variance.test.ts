import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainedVariance } from "./explained-variance.js";
import { SketchComponents } from "./sketch-components.js";

const x1 = () => tf.tensor2d([[2, 0, 1], [0, 1, 0], [1, 1, 3]]);
const x2 = () => tf.tensor2d([[4, 2, 0], [-1, 0, 1], [3, 1, 2]]);

/** Rows with a mean and a spectrum of std i^-½, as deep activations have. */
const activations = (rows: number, width: number, seed: number) => tf.tidy(() => {
  const scales = tf.tensor1d(Array.from({ length: width }, (_, i) => (i + 1) ** -0.5));
  const mix = tf.div(tf.randomNormal([width, width], 0, 1, "float32", 99), Math.sqrt(width)) as tf.Tensor2D;
  return tf.add(tf.matMul(tf.mul(tf.randomNormal([rows, width], 0, 1, "float32", seed), scales) as tf.Tensor2D, mix), tf.randomNormal([width], 0, 0.3, "float32", 7)) as tf.Tensor2D;
});
const overlap = async (a: tf.Tensor2D, b: tf.Tensor2D) => (await tf.sum(tf.square(tf.matMul(a, tf.transpose(b)))).data())[0]! / a.shape[0];

describe("explainedVariance", () => {
  it("gives the worked example of two batches, by the exact and by the incremental algorithm", async () => {
    for (const algorithm of ["gram", "incremental"] as const) {
      const result = await explainedVariance([x1(), x2()], { components: 3, algorithm });
      expectClose(result.singularValues, [4.3373376, 2.6219778, 1.2163067], 1e-4);
      expectClose(result.explainedVarianceRatio, [0.6924846, 0.2530589, 0.0544565], 1e-5);
      expectClose(await result.components.data(), [0.9600683, 0.2734532, -0.0590953, 0.0904545, -0.1035217, 0.9905056, -0.2647393, 0.9562984, 0.1241229], 1e-4);
      expectClose(await result.mean.data(), [1.5, 0.8333333, 1.1666667], 1e-5);
      expect(result.totalVariance).toBeCloseTo(27.1666667, 3);
      expectClose(result.cosines[0]!.map(Math.abs), [0.2475, 0.1369, 0.653], 1e-3);
    }
  });

  it("takes rows of a single column", async () => {
    const { components, explainedVarianceRatio } = await explainedVariance([tf.tensor2d([[1], [2], [4]])], { components: 1 });
    expectClose(await components.data(), [1]);
    expectClose(explainedVarianceRatio, [1]);
  });

  it("shows the truncation of the incremental algorithm with one component", async () => {
    const result = await explainedVariance([x1(), x2()], { components: 1, algorithm: "incremental" });
    expectClose(result.singularValues, [4.2347857], 1e-4);
    expectClose(await result.components.data(), [0.9428519, 0.3314398, -0.0343205], 1e-4);
  });

  it("takes directions about zero when not centred: Tr(aE[xxᵀ]aᵀ) is then maximal", async () => {
    const result = await explainedVariance([x1(), x2()], { components: 1, center: false });
    expectClose(await result.components.data(), [0.8448002, 0.3587139, 0.3970352], 1e-4);
    expect(result.singularValues[0]! ** 2 / 6).toBeCloseTo(6.7991866, 3);
  });

  it("does not depend on the order of batches, nor on a shift of the data", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 8 }), fc.integer(), fc.double({ min: -50, max: 50, noNaN: true }), async (width, seed, shift) => {
        const [a, b] = [activations(20, width, seed), activations(12, width, seed + 1)];
        const k = Math.min(2, width);
        const [there, back, moved] = [await explainedVariance([a, b], { components: k }), await explainedVariance([b, a], { components: k }), await explainedVariance([a, b].map((x) => tf.add(x, shift) as tf.Tensor2D), { components: k })];
        expectClose(back.singularValues, there.singularValues, 1e-3, 1e-3);
        expectClose(moved.explainedVarianceRatio, there.explainedVarianceRatio, 1e-3, 1e-3);
      }),
      { numRuns: 10, seed: 2 },
    );
  });

  it("is nearer to the exact subspace by the sketch than by the incremental algorithm, in less memory than the scatter", async () => {
    const batches = Array.from({ length: 12 }, (_, i) => activations(256, 192, i + 1));
    const of = async (algorithm: "gram" | "sketch" | "incremental") => (await explainedVariance(batches, { components: 16, algorithm })).components;
    const exact = await of("gram");
    const [sketch, incremental] = [await overlap(await of("sketch"), exact), await overlap(await of("incremental"), exact)];
    expect(sketch).toBeGreaterThan(0.98);
    expect(sketch).toBeGreaterThan(incremental);
    const statistics = new SketchComponents(192, 32);
    await statistics.update(batches[0]!);
    expect(statistics.bytes).toBeLessThan(4 * 192 * 192);
    statistics.dispose();
  });

  it("gives orthonormal directions also for data of lower rank, constant columns and zeros, never NaN", async () => {
    const thin = tf.matMul(activations(30, 2, 1), tf.randomNormal<tf.Rank.R2>([2, 40], 0, 1, "float32", 3));
    const constant = tf.concat([activations(30, 38, 1), tf.ones<tf.Rank.R2>([30, 2])], 1);
    for (const data of [thin as tf.Tensor2D, constant as tf.Tensor2D, tf.zeros<tf.Rank.R2>([30, 40]), tf.fill<tf.Rank.R2>([30, 40], 3)]) {
      for (const algorithm of ["gram", "sketch"] as const) {
        const { components, explainedVarianceRatio } = await explainedVariance([data, data], { components: 8, algorithm });
        expectClose(await tf.matMul(components, tf.transpose(components)).data(), await tf.eye(8).data(), 1e-4);
        expect([...explainedVarianceRatio].every((ratio) => ratio >= 0 && ratio <= 1)).toBe(true);
      }
    }
  });

  it("owns two tensors whatever the algorithm, and none when it throws", async () => {
    const batches = [activations(40, 24, 1), activations(40, 24, 2)];
    for (const algorithm of ["gram", "sketch", "incremental"] as const) await expectTensorGrowth(2, () => explainedVariance(batches, { components: 4, algorithm }));
    const before = tensorCount();
    await expect(explainedVariance(batches, { components: 25 })).rejects.toThrow(/25 components asked of rows with 24 columns/);
    await expect(explainedVariance([], { components: 2 })).rejects.toThrow(/no batch/);
    expect(tensorCount()).toBe(before);
  });
});

import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { ksStatistic, moments, normalCdf } from "../random/ks.fixture.js";
import type { ShapeInitializer } from "./shape-initializer.js";
import { truncatedNormal } from "./truncated-normal.js";
import { glorotNormal, glorotUniform, heNormal, heUniform, leCunNormal, leCunUniform, varianceScaling } from "./variance-scaling.js";

const sample = async (initializer: ShapeInitializer, shape: number[]) => {
  const tensor = initializer.apply(shape);
  const values = await tensor.data();
  tensor.dispose();
  return values;
};
/** Mean square of what a unit normal signal is after 20 relu layers of 128. */
const sizeAfter20 = async (make: (seed: number) => ShapeInitializer) => {
  const layers = Array.from({ length: 20 }, (_, i) => tf.layers.dense({ units: 128, activation: "relu", kernelInitializer: make(i), inputShape: i === 0 ? [128] : undefined }));
  const model = tf.sequential({ layers });
  const mean = tf.tidy(() => tf.mean(tf.square(model.predict(tf.randomNormal([64, 128], 0, 1, "float32", 1)) as tf.Tensor)));
  const value = (await mean.data())[0]!;
  mean.dispose();
  model.dispose();
  return value;
};
const failure = (f: () => unknown) => {
  try {
    f();
  } catch (error) {
    return WarmstartError.isInstance(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "no error";
};

describe("the variance", () => {
  // 120 000 numbers: the relative standard error of the variance is 0.4 % for a normal law. Fans 300 and 400.
  const expected: [string, ShapeInitializer, number][] = [
    ["glorotUniform", glorotUniform({ seed: 1 }), 1 / 350],
    ["glorotNormal", glorotNormal({ seed: 2 }), 1 / 350],
    ["heUniform", heUniform({ seed: 3 }), 2 / 300],
    ["heNormal", heNormal({ seed: 4 }), 2 / 300],
    ["leCunUniform", leCunUniform({ seed: 5 }), 1 / 300],
    ["leCunNormal", leCunNormal({ seed: 6 }), 1 / 300],
    ["varianceScaling fanOut, normal", varianceScaling({ scale: 3, mode: "fanOut", distribution: "normal", seed: 7 }), 3 / 400],
    ["truncatedNormal", truncatedNormal({ std: 0.03, seed: 8 }), 0.03 ** 2],
  ];
  it.each(expected)("of %s is right within two percent", async (_name, initializer, variance) => {
    const measured = moments(await sample(initializer, [300, 400]));
    expect(Math.abs(measured.variance / variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(measured.mean)).toBeLessThan(4 * Math.sqrt(variance / 120_000));
  });

  it("of tfjs' own heNormal is 23 % too small, which this test would notice", async () => {
    const tensor = tf.initializers.heNormal({ seed: 4 }).apply([300, 400]);
    const { variance } = moments(await tensor.data());
    tensor.dispose();
    expect(variance / (2 / 300)).toBeLessThan(0.8);
  });

  it("counts a convolution's window, and a depthwise, transposed or recurrent kernel's own fans when told", async () => {
    const cases: [ShapeInitializer, number[], number][] = [
      [heNormal({ seed: 1 }), [3, 3, 64, 128], 2 / (9 * 64)],
      [heNormal({ seed: 1, kernel: "transposed" }), [3, 3, 64, 128], 2 / (9 * 128)],
      [heNormal({ seed: 1, kernel: "depthwise" }), [7, 7, 1000, 2], 2 / 49],
      [glorotUniform({ seed: 1, kernel: "lstm" }), [200, 800], 1 / 200],
      [glorotUniform({ seed: 1, kernel: "gru" }), [200, 600], 1 / 200],
      [varianceScaling({ seed: 1, mode: "fanOut", kernel: "embedding" }), [2000, 50], 1 / 50],
    ];
    for (const [initializer, shape, variance] of cases) expect(Math.abs(moments(await sample(initializer, shape)).variance / variance - 1), String(shape)).toBeLessThan(0.02);
  });
});

describe("the law", () => {
  it("is the one asked for, and not one of the others", async () => {
    const std = Math.sqrt(1 / 300);
    const bound = Math.sqrt(3) * std;
    const inside = normalCdf(2) - normalCdf(-2);
    const laws = {
      uniform: (x: number) => Math.min(1, Math.max(0, (x / bound + 1) / 2)),
      normal: (x: number) => normalCdf(x / std),
      truncatedNormal: (x: number) => Math.min(1, Math.max(0, (normalCdf((x / std) * 0.8796256610342398) - normalCdf(-2)) / inside)),
    };
    for (const distribution of ["uniform", "normal", "truncatedNormal"] as const) {
      const values = await sample(varianceScaling({ distribution, seed: 9 }), [300, 400]);
      for (const [name, cdf] of Object.entries(laws)) {
        if (name === distribution) expect(ksStatistic(values, cdf), `${distribution} against itself`).toBeLessThan(1.95);
        else expect(ksStatistic(values, cdf), `${distribution} against ${name}`).toBeGreaterThan(3);
      }
    }
  });

  it("keeps the size of a signal through 20 relu layers with heNormal; glorot loses it", async () => {
    const he = await sizeAfter20((seed) => heNormal({ seed }));
    expect(he).toBeGreaterThan(0.2);
    expect(he).toBeLessThan(5);
    expect(await sizeAfter20((seed) => glorotNormal({ seed }))).toBeLessThan(1e-4);
  });
});

describe("bad input", () => {
  it("says which option, what is known and what came", () => {
    expect(failure(() => varianceScaling({ scale: 0 }))).toBe("INVALID_OPTION varianceScaling: scale must be positive and finite, got 0.");
    expect(failure(() => varianceScaling({ mode: "fanin" as "fanIn" }))).toBe('INVALID_OPTION varianceScaling: mode must be one of "fanIn", "fanOut", "fanAvg", got "fanin".');
    expect(failure(() => varianceScaling({ distribution: "cauchy" as "normal" }))).toContain('distribution must be one of "uniform", "normal", "truncatedNormal", got "cauchy"');
    expect(failure(() => heNormal({ kernel: "conv" as "dense" }))).toContain('kernel must be one of "dense", "depthwise"');
    expect(failure(() => heNormal().apply([5]))).toContain("SHAPE_MISMATCH varianceScaling: a kernel has at least two axes, this shape is [5]");
    expect(failure(() => truncatedNormal({ std: -1 }))).toContain("INVALID_OPTION truncatedNormal: std must not be negative");
  });
});

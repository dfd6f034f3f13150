import "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { randomGenerator } from "./generator.js";
import { ksStatistic, moments, normalCdf } from "./ks.fixture.js";
import { randomNormal, randomTruncatedNormal } from "./normal.js";
import { permutation } from "./permutation.js";
import { subSeed } from "./sub-seed.js";
import { randomUniform } from "./uniform.js";

const n = 100_000;
const read = async (tensor: tf.Tensor) => {
  const values = await tensor.data();
  tensor.dispose();
  return values;
};
const bits = (x: number) => x.toString(2).padStart(53, "0");
const distance = (a: number, b: number) => [...bits(a)].filter((bit, i) => bit !== bits(b)[i]).length;
const code = (f: () => unknown) => {
  try {
    f();
  } catch (error) {
    return WarmstartError.isInstance(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "no error";
};

describe("the streams", () => {
  // These numbers are part of the public behaviour: if they move, every seeded run of every user moves.
  it("are the ones published, on every backend", async () => {
    expect(await read(randomUniform([2, 3], { seed: 1 }))).toMatchSnapshot();
    expect(await read(randomNormal([2, 3], { seed: 1 }))).toMatchSnapshot();
    expect(await read(randomNormal([3], { mean: 5, std: 0.1, seed: -(2 ** 40) - 3 }))).toMatchSnapshot();
    expect(await read(randomTruncatedNormal([2, 3], { seed: 1 }))).toMatchSnapshot();
    expect(permutation(10, 1)).toMatchSnapshot();
    expect([subSeed(0, 0), subSeed(0, 1), subSeed(1, 0), subSeed(1, "1"), subSeed(-1, "encoder/fc1")]).toMatchSnapshot();
  });

  it("depend on all 53 bits of the seed and on its sign", async () => {
    const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 52, -(2 ** 52), 2 ** 53 - 1];
    const first = seeds.map((seed) => randomGenerator(seed).uniform());
    expect(new Set(first).size).toBe(seeds.length);
  });

  it("of neighbouring seeds are unrelated", () => {
    // Pearson correlation of two independent samples of 10 000 has sd 0.01; the sum over 50 pairs of squares / 1e-4 is chi² with 50 degrees.
    let chi2 = 0;
    for (let seed = 0; seed < 50; seed++) {
      const a = randomGenerator(seed);
      const b = randomGenerator(seed + 1);
      let sum = 0;
      for (let i = 0; i < 10_000; i++) sum += a.normal() * b.normal();
      chi2 += sum ** 2 / 10_000;
    }
    expect(chi2).toBeGreaterThan(20);
    expect(chi2).toBeLessThan(95);
  });
});

describe("randomUniform", () => {
  it("is uniform, and the test would notice a slight bend", async () => {
    const u = await read(randomUniform([n], { seed: 3 }));
    expect(ksStatistic(u, (x) => x)).toBeLessThan(1.95);
    expect(ksStatistic(u, (x) => x ** 1.05)).toBeGreaterThan(3);
  });

  it("keeps to its bounds", async () => {
    const u = await read(randomUniform([n], { minval: -2, maxval: 3, seed: 4 }));
    expect(Math.min(...u)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...u)).toBeLessThanOrEqual(3);
    const { mean, variance } = moments(u);
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance / (25 / 12)).toBeCloseTo(1, 1);
  });
});

describe("randomNormal", () => {
  it("is normal, and the test would notice a wrong std or a logistic law", async () => {
    const z = await read(randomNormal([n], { seed: 5 }));
    expect(ksStatistic(z, normalCdf)).toBeLessThan(1.95);
    expect(ksStatistic(z, (x) => normalCdf(x / 1.03))).toBeGreaterThan(2.1);
    expect(ksStatistic(z, (x) => 1 / (1 + Math.exp((-x * Math.PI) / Math.sqrt(3))))).toBeGreaterThan(3);
  });

  it("has the first four moments", async () => {
    const z = await read(randomNormal([n], { mean: 2, std: 3, seed: 6 }));
    const { mean, variance } = moments(z);
    expect(Math.abs(mean - 2)).toBeLessThan(4 * (3 / Math.sqrt(n)));
    expect(Math.abs(variance / 9 - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    const standard = Array.from(z, (x) => (x - 2) / 3);
    expect(Math.abs(standard.reduce((sum, x) => sum + x ** 3, 0) / n)).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(standard.reduce((sum, x) => sum + x ** 4, 0) / n - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
  });

  it("has the right share in every tenth of a deviation, and beyond the ziggurat's last layer", () => {
    const { normal } = randomGenerator(12);
    const count = 1_000_000;
    const bins = new Float64Array(62); // below −3, sixty of width 0.1, above 3
    let tail = 0;
    for (let i = 0; i < count; i++) {
      const z = normal();
      bins[Math.max(0, Math.min(61, Math.floor(z * 10) + 31))]!++;
      if (Math.abs(z) > 3.442619855899) tail++;
    }
    const chi2 = (scale: number) =>
      bins.reduce((sum, seen, bin) => {
        const expected = count * ((bin === 61 ? 1 : normalCdf(((bin - 30) / 10) * scale)) - (bin === 0 ? 0 : normalCdf(((bin - 31) / 10) * scale)));
        return sum + (seen - expected) ** 2 / expected;
      }, 0);
    expect(chi2(1)).toBeLessThan(100); // 61 degrees: 99.9 % point
    expect(chi2(1.01)).toBeGreaterThan(200);
    expect(Math.abs(tail - 576.1)).toBeLessThan(4 * Math.sqrt(576.1)); // 2 Φ(−3.4426) = 5.761e-4
  });

  it("has no memory: neighbours are independent, in value and in size", async () => {
    const z = await read(randomNormal([n], { seed: 7 }));
    for (const lag of [1, 2, 3]) {
      let products = 0;
      let squares = 0;
      for (let i = lag; i < n; i++) {
        products += z[i]! * z[i - lag]!;
        squares += (z[i]! ** 2 - 1) * (z[i - lag]! ** 2 - 1);
      }
      expect(Math.abs(products / Math.sqrt(n))).toBeLessThan(4);
      expect(Math.abs(squares / (2 * Math.sqrt(n)))).toBeLessThan(4);
    }
  });

  it("makes a tensor of odd size, of size 0 and a scalar", async () => {
    expect((await read(randomNormal([3, 5, 1], { seed: 1 }))).length).toBe(15);
    expect((await read(randomNormal([0, 4], { seed: 1 }))).length).toBe(0);
    expect((await read(randomNormal([], { seed: 1 }))).length).toBe(1);
  });
});

describe("randomTruncatedNormal", () => {
  it("has the std asked for, which without the correction would be 12 % less", async () => {
    const z = await read(randomTruncatedNormal([n], { std: 0.5, seed: 8 }));
    const { mean, variance } = moments(z);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(variance) / 0.5 - 1)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(variance) / (0.5 * 0.8796) - 1)).toBeGreaterThan(0.1);
  });

  it("is cut at ±2.274 std and follows the cut law, not the normal", async () => {
    const z = await read(randomTruncatedNormal([n], { seed: 9 }));
    expect(Math.max(...z.map(Math.abs))).toBeLessThanOrEqual(2 / 0.8796256610342398 + 1e-6);
    const inside = normalCdf(2) - normalCdf(-2);
    expect(ksStatistic(z, (x) => Math.min(1, Math.max(0, (normalCdf(x * 0.8796256610342398) - normalCdf(-2)) / inside)))).toBeLessThan(1.95);
    expect(ksStatistic(z, normalCdf)).toBeGreaterThan(3);
  });
});

describe("permutation", () => {
  it("is a permutation", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.maxSafeInteger(), (size, seed) => {
        expect([...permutation(size, seed)].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it("gives each of the 24 orders of four things equally often", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 24_000; seed++) {
      const key = permutation(4, seed).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0); // 23 degrees: 49.7 is the 99.9 % point
    expect(chi2).toBeLessThan(49.7);
  });
});

describe("randomGenerator", () => {
  it("draws integers below the bound, all equally often", () => {
    const { integer } = randomGenerator(11);
    const counts = new Int32Array(7);
    for (let i = 0; i < 70_000; i++) counts[integer(7)]!++;
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5); // 6 degrees, 99.9 %
    expect(integer(1)).toBe(0);
  });

  it("refuses a bound that is no integer from 1 to 2^32", () => {
    for (const bound of [0, -1, 1.5, 2 ** 33, NaN]) expect(code(() => randomGenerator(1).integer(bound))).toContain("INVALID_OPTION integer: bound");
  });
});

describe("subSeed", () => {
  it("gives no two equal seeds over many seeds, positions and names", () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 100; seed++) for (let position = 0; position < 500; position++) seen.add(subSeed(seed, position)).add(subSeed(seed, String(position)));
    expect(seen.size).toBe(100 * 500 * 2);
  });

  it("changes half of the bits when one bit of seed or position changes", () => {
    const base = subSeed(12345, 678);
    let total = 0;
    for (let bit = 0; bit < 20; bit++) total += distance(base, subSeed(12345 ^ (1 << bit), 678)) + distance(base, subSeed(12345, 678 ^ (1 << bit)));
    expect(total / 40 / 53).toBeGreaterThan(0.45);
    expect(total / 40 / 53).toBeLessThan(0.55);
  });

  it("is itself a seed", () => {
    fc.assert(fc.property(fc.maxSafeInteger(), fc.oneof(fc.maxSafeInteger(), fc.string()), (seed, position) => Number.isSafeInteger(subSeed(subSeed(seed, position), position)) && subSeed(seed, position) >= 0), { seed: 2, numRuns: 100 });
  });
});

describe("bad input", () => {
  it("names the function, the argument and what came", () => {
    expect(code(() => subSeed(1.5, 0))).toContain("INVALID_OPTION subSeed: seed must be an integer");
    expect(code(() => subSeed(1, 0.5))).toContain("INVALID_OPTION subSeed: position must be an integer or a string, got 0.5");
    expect(code(() => randomNormal([2], { seed: NaN }))).toContain("INVALID_OPTION randomGenerator: seed must be an integer");
    expect(code(() => randomNormal([2], { std: -1, seed: 0 }))).toContain("INVALID_OPTION randomNormal: std must not be negative, got -1");
    expect(code(() => randomNormal([2, -3], { seed: 0 }))).toContain("INVALID_OPTION randomNormal: every size of the shape");
    expect(code(() => randomTruncatedNormal([2], { std: Infinity, seed: 0 }))).toContain("INVALID_OPTION randomTruncatedNormal: std must be a finite number");
    expect(code(() => randomUniform([2], { minval: 2, maxval: 1, seed: 0 }))).toContain("INVALID_OPTION randomUniform: minval must not exceed maxval, got 2 and 1");
    expect(code(() => permutation(-1, 0))).toContain("INVALID_OPTION permutation: n must be an integer");
  });

  it("leaks nothing, and success leaves the one tensor returned", async () => {
    await expectTensorGrowth(0, () => code(() => randomNormal([2, 0.5], { seed: 0 })));
    const tensor = await expectTensorGrowth(1, () => randomTruncatedNormal([4, 4], { seed: 0 }));
    tensor.dispose();
  });
});

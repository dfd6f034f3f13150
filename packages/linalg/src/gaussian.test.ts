import { describe, expect, it } from "vitest";
import { gaussian, randomSigns } from "./gaussian.js";

const draw = (seed: number) => Array.from({ length: 5000 }, gaussian(seed));

describe("gaussian", () => {
  it("has the moments of the standard normal law", () => {
    for (const seed of [0, 1, -1, 123456789, 2 ** 40]) {
      const normal = gaussian(seed);
      const x = Array.from({ length: 40_000 }, normal);
      const moment = (k: number) => x.reduce((sum, value) => sum + value ** k, 0) / x.length;
      expect(Math.abs(moment(1))).toBeLessThan(0.02);
      expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
      expect(Math.abs(moment(3))).toBeLessThan(0.08);
      expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2);
    }
  });

  it("gives the same numbers for the same seed and unrelated ones for neighbours", () => {
    expect(draw(3)).toEqual(draw(3));
    for (const [a, b] of [[0, 1], [1, 2], [5, 5 + 2 ** 32]] as const) {
      const [x, y] = [draw(a), draw(b)];
      expect(Math.abs(x.reduce((sum, value, i) => sum + value * y[i]!, 0)) / 5000).toBeLessThan(0.05);
    }
  });
});

describe("randomSigns", () => {
  it("gives +1 and -1 about equally often, without correlation along the sequence", () => {
    const x = randomSigns(100_001, 1);
    expect(x.length).toBe(100_001);
    expect(x.every((value) => value === 1 || value === -1)).toBe(true);
    expect(Math.abs(x.reduce((sum, value) => sum + value, 0))).toBeLessThan(1000);
    for (const lag of [1, 32, 33]) expect(Math.abs(x.reduce((sum, value, i) => sum + value * (x[i + lag] ?? 0), 0))).toBeLessThan(1000);
  });
});

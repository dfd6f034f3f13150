import { randomGenerator } from "@warmstart/init-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matrixRank } from "./matrix-rank.js";

describe("matrixRank", () => {
  it("counts what is independent, in small matrices", () => {
    expect(matrixRank([0, 0, 0, 0], 2, 2)).toBe(0);
    expect(matrixRank([1, 2, 2, 4], 2, 2)).toBe(1);
    expect(matrixRank([1, 2, 2, 4.001], 2, 2)).toBe(2);
    expect(matrixRank([1, 0, 0, 0, 1, 0], 2, 3)).toBe(2);
    expect(matrixRank([1, 0, 0, 1, 0, 0], 3, 2)).toBe(2);
    expect(matrixRank([1, 1, 1, 1, 1 + 1e-8, 1, 1, 1, 1], 3, 3), "below float32").toBe(1);
  });

  it("is the number of outer products that a matrix is made of, whatever its scale, and that of its transpose", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9 }), fc.constantFrom(1e-20, 1, 1e20), fc.integer({ min: 1, max: 1e6 }), (rows, columns, terms, scale, seed) => {
      const { normal } = randomGenerator(seed);
      const values = new Float32Array(rows * columns);
      const draw = (length: number) => Array.from({ length }, () => normal());
      const sums = new Float64Array(rows * columns);
      for (let term = 0; term < terms; term++) {
        const [left, right] = [draw(rows), draw(columns)];
        for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + left[Math.floor(i / columns)]! * right[i % columns]!;
      }
      for (let i = 0; i < sums.length; i++) values[i] = scale * sums[i]!;
      const transposed = Float32Array.from({ length: values.length }, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
      const expected = Math.min(rows, columns, terms);
      expect(matrixRank(values, rows, columns)).toBe(expected);
      expect(matrixRank(transposed, columns, rows)).toBe(expected);
    }), { seed: 1, numRuns: 300 });
  });
});

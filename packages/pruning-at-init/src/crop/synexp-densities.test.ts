import "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { synExpDensities } from "./synexp-densities.js";

const alpha = [432, 4608, 18432, 640];
const beta = [442368, 1179648, 1179648, 640];
const runs = { seed: 3, numRuns: 60 };
const costs = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 30 });
const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe("synExpDensities", () => {
  it("keeps the small layers whole and the same number of weights in the others", () => {
    // 432 and 640 have fewer than the level; (6028 − 1072) / 2 = 2478 each for the other two
    const { densities, mu } = synExpDensities(alpha, beta, { params: 0.25 });
    expect(mu).toBeCloseTo(2478, 6);
    expectClose(densities, [1, 2478 / 4608, 2478 / 18432, 1], 1e-9);
  });

  it.each([
    [{ params: 0.5 }, [1, 1, 0.34592, 1]],
    [{ params: 0.1 }, [1, 0.14531, 0.03633, 1]],
    [{ flops: 0.5 }, [1, 0.40611, 0.40611, 1]],
    [{ flops: 0.25 }, [0.52742, 0.19778, 0.19778, 1]],
    [{ flops: 0.1 }, [0.21068, 0.079, 0.079, 1]],
  ])("gives the worked example for %o", (budget, expected) => expectClose(synExpDensities(alpha, beta, budget).densities, expected, 1e-5));

  it.each([
    [2, [2, 0.81223, 0.81223, 2], 0.865036, 0.97035],
    [4, [2.10966, 0.79112, 0.79112, 4], 0.89992, 1.66422],
    [Infinity, [2.97714, 0.83444, 0.41507, 17.70335], 1, 2.90442],
  ])("lets layers grow to %d times at the cost of the original", (upper, expected, paramUse, objective) => {
    const found = synExpDensities(alpha, beta, { params: 1, flops: 1 }, upper);
    expectClose(found.densities, expected, 1e-5, 1e-5);
    expect(found.paramUse).toBeCloseTo(paramUse, 5);
    expect(found.flopUse).toBeCloseTo(1, 8);
    expect(found.objective).toBeCloseTo(objective, 4);
  });

  it("spends the budget exactly, at one level", () =>
    fc.assert(
      fc.property(costs, share, (a, ratio) => {
        const budget = ratio * sum(a);
        const { densities, mu } = synExpDensities(a, a, { params: ratio });
        expect(Math.abs(sum(densities.map((density, l) => density * a[l]!)) - budget) / budget).toBeLessThan(1e-9);
        for (const [l, density] of densities.entries()) {
          if (density < 1) expect(density * a[l]!).toBeCloseTo(mu!, 6);
          else expect(a[l]!).toBeLessThanOrEqual(mu! * (1 + 1e-9));
        }
      }),
      runs,
    ));

  it("goes with the order of the layers, forgets the unit of cost, and grows with the budget", () =>
    fc.assert(
      fc.property(costs, share, share, fc.integer({ min: 2, max: 1000 }), (a, one, other, factor) => {
        const densities = synExpDensities(a, a, { params: one }).densities;
        expectClose(synExpDensities(a.toReversed(), a.toReversed(), { params: one }).densities, densities.toReversed(), 1e-12, 1e-9);
        expectClose(synExpDensities(a.map((cost) => cost * factor), a, { params: one }).densities, densities, 1e-12, 1e-9);
        const [low, high] = [Math.min(one, other), Math.max(one, other)].map((ratio) => synExpDensities(a, a, { params: ratio }).densities);
        for (const [l, density] of low!.entries()) expect(density).toBeLessThanOrEqual(high![l]! + 1e-12);
      }),
      runs,
    ));

  it("keeps both budgets, and is best: no small change along them gains", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 1, max: 9999 })), { minLength: 2, maxLength: 12 }), share, share, (pairs, params, flops) => {
        const [a, b] = [pairs.map(([cost]) => cost), pairs.map(([, cost]) => cost)];
        const { densities, paramUse, flopUse, objective } = synExpDensities(a, b, { params, flops });
        expect(paramUse).toBeLessThanOrEqual(params * (1 + 1e-9));
        expect(flopUse).toBeLessThanOrEqual(flops * (1 + 1e-9));
        // The objective is concave: the optimum is at least that of each single budget scaled into the other.
        for (const budget of [{ params }, { flops }]) {
          const single = synExpDensities(a, b, budget);
          const scale = Math.min(1, params / single.paramUse, flops / single.flopUse);
          expect(objective).toBeGreaterThanOrEqual(sum(single.densities.map((density) => Math.log(density * scale))) - 1e-7);
        }
        expect(Math.max(...densities)).toBeLessThanOrEqual(1);
      }),
      runs,
    ));

  it.each([
    [{}, /names neither params nor flops/],
    [{ params: 0 }, /budget\.params must be a share/],
    [{ flops: -1 }, /budget\.flops must be a share/],
    [{ params: NaN }, /got NaN/],
  ])("refuses the budget %o", (budget, message) => expect(() => synExpDensities(alpha, beta, budget)).toThrow(message));

  it("refuses lists that do not fit, costs of nothing and a bound of 0", () => {
    expect(() => synExpDensities(alpha, [1], { params: 0.5 })).toThrow(/got 4 and 1/);
    expect(() => synExpDensities([0], [1], { params: 0.5 })).toThrow(/must be positive/);
    expect(() => synExpDensities(alpha, beta, { params: 0.5 }, 0)).toThrow(/upper must be positive/);
  });
});

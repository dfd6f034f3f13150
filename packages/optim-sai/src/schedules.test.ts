import "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRateAt, sgdSai, type Schedule } from "./index.js";

const rates = (schedule: Schedule, count: number) => Array.from({ length: count }, (_, step) => Number(learningRateAt(schedule, step).toFixed(6)));

describe("learningRateAt", () => {
  it("gives a number, a function's value, or what the schedule says", () => {
    expect(learningRateAt(0.3, 7)).toBe(0.3);
    expect(learningRateAt((step) => step / 10, 7)).toBe(0.7);
    expect(rates({ schedule: "constant", learningRate: 0.2 }, 3)).toEqual([0.2, 0.2, 0.2]);
    expect(rates({ schedule: "linearWarmup", learningRate: 1, warmupSteps: 4 }, 6)).toEqual([0, 0.25, 0.5, 0.75, 1, 1]);
    expect(rates({ schedule: "step", learningRate: 1, every: 2 }, 5)).toEqual([1, 1, 0.1, 0.1, 0.01]);
    expect(rates({ schedule: "cosine", learningRate: 1, steps: 4 }, 6)).toEqual([1, 0.853553, 0.5, 0.146447, 0, 0]);
  });

  it("warms up to 0.02 and goes down by half a cosine as the reference schedule does", () => {
    // 5 steps up (the rate of step 4 is still below the top), then from 0.02 at step 5 towards 0 at step 20.
    const expected = [0, 0.004, 0.008, 0.012, 0.016, 0.02];
    expect(rates({ schedule: "cosine", learningRate: 0.02, steps: 20, warmupSteps: 5, finalRate: 0.001 }, 6)).toEqual(expected);
    expect(learningRateAt({ schedule: "cosine", learningRate: 0.02, steps: 20, warmupSteps: 5, finalRate: 0.001 }, 20)).toBeCloseTo(0.001, 12);
  });

  it("stays between the final rate and the top, and never rises after the warm-up", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (warmupSteps, more, finalRate) => {
        const all = Array.from({ length: warmupSteps + more + 5 }, (_, step) => learningRateAt({ schedule: "cosine", learningRate: 1, steps: warmupSteps + more, warmupSteps, finalRate }, step));
        all.forEach((rate, step) => {
          expect(rate).toBeLessThanOrEqual(1 + 1e-12);
          if (step >= warmupSteps) expect(rate).toBeGreaterThanOrEqual(finalRate - 1e-12);
          if (step > warmupSteps) expect(rate).toBeLessThanOrEqual(all[step - 1]! + 1e-12);
        });
      }),
      { seed: 3, numRuns: 50 },
    );
  });

  it("is refused where a field is out of range", () => {
    const bad = [{ schedule: "step", learningRate: 0.1, every: 0 }, { schedule: "step", learningRate: 0.1, every: 2, factor: NaN }, { schedule: "linearWarmup", learningRate: 0.1, warmupSteps: -1 }, { schedule: "constant", learningRate: -1 }, { schedule: "cosine", learningRate: 0.1, steps: 10, finalRate: Infinity }, null];
    for (const learningRate of bad) expect(() => sgdSai({ learningRate: learningRate as never })).toThrow(/^sgdSai: `(every|factor|warmupSteps|learningRate|finalRate)` must be /);
  });
});

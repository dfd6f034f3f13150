import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logTickFormat, logTicks } from "./axes.js";
import { fitLabels } from "./fit-labels.js";

describe("logTicks", () => {
  it("takes powers of ten over decades, finer marks within them", () => {
    expect(logTicks(2e-8, 3, 4)).toEqual([1e-6, 1e-4, 1e-2, 1]);
    expect(logTicks(1, 20, 6)).toEqual([1, 2, 5, 10, 20]);
    expect(logTicks(11, 47, 6)).toEqual([20, 30, 40]);
    expect(logTicks(1.1, 1.2, 6)).toEqual([1.1, 1.2]);
    expect(logTicks(3, 3, 6)).toEqual([3]);
  });

  it("gives one to a dozen marks within the range, whatever the range", () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), fc.double({ min: 0, max: 40, noNaN: true }), (start, decades) => {
        const [low, high] = [10 ** start, 10 ** (start + decades)];
        const ticks = logTicks(low, high, 6);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        expect(ticks.length).toBeLessThanOrEqual(20);
        for (const tick of ticks) expect(tick >= low * 0.999999 && tick <= high * 1.000001).toBe(true);
      }),
      { numRuns: 200, seed: 5 },
    );
  });

  it("are all written as powers of ten, or none is", () => {
    const written = (ticks: number[]) => ticks.map(logTickFormat(ticks));
    expect(written([0.01, 0.1, 1, 10])).toEqual(["0.01", "0.1", "1", "10"]);
    expect(written([1e-5, 1e-3, 0.1])).toEqual(["10⁻⁵", "10⁻³", "10⁻¹"]);
    expect(written([1, 2, 5])).toEqual(["1", "2", "5"]);
  });
});

describe("fitLabels", () => {
  it("leaves names that fit, drops shared containers, then the middle", () => {
    const names = ["decoder/block_0/attention/query", "decoder/block_1/fc1"];
    expect([...fitLabels(names, 40).values()]).toEqual(names);
    expect([...fitLabels(names, 25).values()]).toEqual(["block_0/attention/query", "block_1/fc1"]);
    expect([...fitLabels(names, 15).values()]).toEqual(["block_0…n/query", "block_1/fc1"]);
  });
});

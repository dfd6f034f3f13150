import { WarmstartError } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { distance, thrown } from "./host.fixture.js";
import { mamba2Init, mambaInit } from "./index.js";

describe("mamba2Init", () => {
  it("draws −A uniformly from [1, 16), one a head, and not its logarithm", () => {
    const heads = 10_000;
    const critical = 1.63 / Math.sqrt(heads); // of the distance at the 1 % level
    const { aLog } = mamba2Init(heads, { seed: 2 });
    const a = aLog.map(Math.exp);
    expect(aLog.every((log) => log >= 0 && log < Math.log(16))).toBe(true);
    expect(distance(a, (x) => (x - 1) / 15)).toBeLessThan(critical);
    expect(distance(aLog, (x) => x / Math.log(16))).toBeGreaterThan(10 * critical);
  });

  it("takes steps and D from Mamba, with their bounds and floor", () => {
    const steps = { dtMin: 1e-5, dtMax: 1e-2, dtInitFloor: 1e-4, seed: 7 };
    const { aLog, dtBias, d } = mamba2Init(50, { ...steps, aMin: 3, aMax: 3 });
    expect(dtBias).toEqual(mambaInit(50, steps).dtBias);
    expect(Math.min(...dtBias.map((theta) => Math.log1p(Math.exp(theta))))).toBeCloseTo(1e-4, 12);
    expect([...d]).toEqual(Array(50).fill(1));
    expect([...aLog]).toEqual(Array(50).fill(Math.log(3)));
  });

  it.each<[string, () => unknown, string]>([
    ["no heads", () => mamba2Init(0), "mamba2Init: `heads` must be an integer of at least 1, got 0"],
    ["an aMin of 0", () => mamba2Init(1, { aMin: 0 }), "`aMin` and `aMax` must be finite with 0 < aMin <= aMax, got 0 and 16"],
    ["an aMax below aMin", () => mamba2Init(1, { aMax: 0.5 }), "got 1 and 0.5"],
    ["a bound that is no number", () => mamba2Init(1, { aMax: NaN }), "got 1 and NaN"],
    ["a dtMin of 0", () => mamba2Init(1, { dtMin: 0 }), "0 < dtMin <= dtMax, got 0 and 0.1"],
  ])("refuses %s and says what would do", async (_, f, message) => {
    const error = await thrown(f);
    expect(WarmstartError.isInstance(error, "INVALID_OPTION"), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

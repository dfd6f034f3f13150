import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { distance, thrown } from "./host.fixture.js";
import { mambaInit, s4dInit, sampleC, sampleD, sampleLogDt, toParameter, type S4DSpectrum } from "./index.js";

const dampedByHalf = ["lin", "inv", "inv2", "quad", "legs", "rand"] as const;
const evenState = fc.integer({ min: 1, max: 20 }).map((pairs) => 2 * pairs);

describe("the spectra", () => {
  // N = 8. Lin: πm. Inv: (8/π)(8/(2m+1) − 1), m = 0: 8·7/π. Inv2: (8/π)(8/(m+1) − 1). Quad: (1 + 2m)²/π.
  it.each([
    ["lin", [0, Math.PI, 2 * Math.PI, 3 * Math.PI]],
    ["inv", [17.82535363, 4.24413182, 1.52788745, 0.36378273]],
    ["inv2", [17.82535363, 7.63943727, 4.24413182, 2.54647909]],
    ["quad", [0.31830989, 2.86478898, 7.95774715, 15.59718442]],
    ["legs", [19.85741037, 5.35420852, 1.95779415, 0.42748871]],
    ["real", [0, 0, 0, 0]],
  ] as const)("%s has the published frequencies at N = 8", (init, frequencies) => {
    expectClose(s4dInit(init, { dState: 8 }).aIm, frequencies, 1e-8, 0);
  });

  it("take N as the whole state size: the first and last frequencies at N = 64", () => {
    const ends = (init: S4DSpectrum) => [s4dInit(init, { dState: 64 }).aIm[0]!, s4dInit(init, { dState: 64 }).aIm[31]!];
    expectClose(ends("lin"), [0, 97.3893723], 1e-6, 0);
    expectClose(ends("inv"), [1283.4255, 0.3234], 1e-4, 0);
    expectClose(ends("inv2"), [1283.4255, 20.3718], 1e-4, 0);
    expectClose(ends("quad"), [0.3183, 1263.372], 1e-3, 0);
    expectClose(ends("legs"), [1303.2738, 0.2639], 1e-4, 0);
  });

  it("are damped by exactly one half, S4D-Real by m + 1", () => {
    fc.assert(fc.property(fc.constantFrom(...dampedByHalf), evenState, fc.integer(), (init, dState, seed) => s4dInit(init, { dState, features: 2, seed }).aRe.every((re) => re === -0.5)), { seed: 1, numRuns: 40 });
    expect([...s4dInit("real", { dState: 8 }).aRe]).toEqual([-1, -2, -3, -4]);
  });

  it("stay stable and in the upper half plane under every flag", () => {
    fc.assert(
      fc.property(fc.constantFrom(...dampedByHalf, "real" as const), evenState, fc.boolean(), fc.boolean(), fc.integer(), (init, dState, realRandom, imagRandom, seed) => {
        const { aRe, aIm } = s4dInit(init, { dState, features: 3, realRandom, imagRandom, seed });
        expect(aRe.length).toBe((3 * dState) / 2);
        expect(aRe.every((re) => re <= -1e-4) && aIm.every((im) => im >= 0)).toBe(true);
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("repeat for a seed and differ for another", () => {
    const draw = (seed: number) => s4dInit("rand", { features: 4, dState: 8, realRandom: true, bInit: "random", seed });
    expect(draw(5)).toEqual(draw(5));
    for (const name of ["aRe", "aIm", "bRe", "bIm"] as const) expect(draw(5)[name]).not.toEqual(draw(6)[name]);
  });

  it("scale real and imaginary parts apart", () => {
    const [plain, wide] = [s4dInit("inv", { dState: 8 }), s4dInit("inv", { dState: 8, realScale: 3, imagScale: 0.5 })];
    expectClose(wide.aRe, plain.aRe.map((re) => 3 * re), 1e-15, 0);
    expectClose(wide.aIm, plain.aIm.map((im) => im / 2), 1e-15, 0);
  });
});

describe("mixtures", () => {
  it("give equal shares of the features, in order", () => {
    const { aIm, bIm } = s4dInit(["legs", "lin", "real"], { features: 6, dState: 4 });
    expectClose(aIm, [4.60329301, 0.55650112, 4.60329301, 0.55650112, 0, Math.PI, 0, Math.PI, 0, 0, 0, 0], 1e-8, 0);
    expect(bIm[0]).toBe(-2); // LegS brings its own B, clipped
    expect(bIm[4]).toBe(0);
  });

  it('named "diag" are half inv, half lin', () => {
    expect(s4dInit("diag", { features: 4, dState: 8 })).toEqual(s4dInit(["inv", "lin"], { features: 4, dState: 8 }));
  });
});

describe("B", () => {
  it("on the unit circle turns clockwise by 2π/N a mode for the authors' ccw, and the other way for cw", () => {
    expectClose(s4dInit("lin", { dState: 8, bInit: "unit-ccw" }).bIm, [0, -Math.SQRT1_2, -1, -Math.SQRT1_2], 1e-15, 0);
    expectClose(s4dInit("lin", { dState: 8, bInit: "unit-cw" }).bIm, [0, Math.SQRT1_2, 1, Math.SQRT1_2], 1e-15, 0);
  });

  it("scales with bScale, but not under normalize, where 2 Σ|B/A|² = 1", () => {
    expect([...s4dInit("lin", { dState: 4, bScale: 3 }).bRe]).toEqual([3, 3]);
    const { aRe, aIm, bRe, bIm } = s4dInit("legs", { dState: 16, bScale: 3, normalize: true });
    const energy = bRe.reduce((sum, re, m) => sum + (re ** 2 + bIm[m]! ** 2) / (aRe[m]! ** 2 + aIm[m]! ** 2), 0);
    expect(2 * energy).toBeCloseTo(1, 12);
  });
});

describe("draws", () => {
  const n = 10_000;
  const critical = 1.63 / Math.sqrt(n); // of the distance at the 1 % level

  it("of log Δ are uniform between the logarithms of the bounds, and not those of Δ", () => {
    const logDt = sampleLogDt(n, { seed: 3 });
    const [low, high] = [Math.log(1e-3), Math.log(1e-1)];
    expect(logDt.every((value) => value >= low && value <= high)).toBe(true);
    const between = (x: number, from: number, to: number) => (x - from) / (to - from);
    expect(distance(logDt, (x) => between(x, low, high))).toBeLessThan(critical);
    expect(distance(logDt.map(Math.exp), (x) => between(x, 1e-3, 1e-1))).toBeGreaterThan(10 * critical);
    expect(logDt.reduce((sum, value) => sum + Math.exp(value), 0) / n).toBeCloseTo(0.0215, 3); // (0.1 − 0.001) / ln 100
  });

  it("of log Δ are constant where the bounds are equal", () => {
    expectClose(sampleLogDt(5, { dtMin: 0.01, dtMax: 0.01 }), Array(5).fill(Math.log(0.01)), 1e-15, 0);
  });

  it("of C have E|C|² = 1, not 2, with uncorrelated parts", () => {
    const { re, im } = sampleC(n, 4);
    const mean = (f: (i: number) => number) => re.reduce((sum, _, i) => sum + f(i), 0) / n;
    const power = mean((i) => re[i]! ** 2 + im[i]! ** 2);
    expect(Math.abs(power - 1)).toBeLessThan(4 / Math.sqrt(n)); // |C|² is exponential: variance 1
    expect(Math.abs(mean((i) => re[i]! * im[i]!))).toBeLessThan(4 * 0.5 / Math.sqrt(n));
    const d = sampleD(n, 4);
    expect(Math.abs(mean((i) => d[i]! ** 2) - 1)).toBeLessThan((4 * Math.SQRT2) / Math.sqrt(n)); // a square has variance 2
  });

  it("of C and D come from streams of their own", () => {
    expect([...sampleD(3, 4)]).not.toEqual([...sampleC(3, 4).re].map((re) => re * Math.SQRT2));
  });
});

describe("mambaInit", () => {
  it("starts from log(n + 1), steps within the bounds under softplus, and D = 1", () => {
    const { aLog, dtBias, d } = mambaInit(50, { dState: 3, seed: 2 });
    expectClose(aLog.slice(3, 6), [0, Math.log(2), Math.log(3)], 1e-15, 0);
    const steps = dtBias.map((theta) => Math.log1p(Math.exp(theta)));
    expect(steps.every((dt) => dt >= 1e-3 * (1 - 1e-9) && dt <= 1e-1 * (1 + 1e-9))).toBe(true);
    expect(d.every((value) => value === 1)).toBe(true);
  });

  it("raises steps to the floor", () => {
    expectClose(mambaInit(2, { dtMin: 1e-5, dtMax: 1e-5, dtInitFloor: 1e-3 }).dtBias, [-6.90725524, -6.90725524], 1e-8, 0);
  });
});

describe("bad input", () => {
  it.each<[string, () => unknown, string]>([
    ["an odd state size", () => s4dInit("lin", { dState: 5 }), "s4dInit: `dState` must be an even integer of at least 2, got 5"],
    ["no state", () => s4dInit("legs", { dState: 0 }), "got 0"],
    ["an unknown spectrum", () => s4dInit("linear" as never), '"lin", "inv", "inv2", "quad", "legs", "real", "rand", "diag", got "linear"'],
    ["an unknown spectrum in a mixture", () => s4dInit(["lin", "fout" as never], { features: 2 }), 'got "fout"'],
    ["an unknown B", () => s4dInit("lin", { bInit: "ones" as never }), '"constant", "alternating", "random", "unit-cw", "unit-ccw", got "ones"'],
    ["features that a mixture does not divide", () => s4dInit("diag", { features: 3 }), "multiple of the 2 spectra of `init`, got 3"],
    ["an empty mixture", () => s4dInit([], { features: 3 }), "the 0 spectra"],
    ["no features", () => s4dInit("lin", { features: 0 }), "`features` must be an integer of at least 1, got 0"],
    ["a scale of 0", () => s4dInit("lin", { realScale: 0 }), "`realScale` must be a finite number above 0, got 0"],
    ["a clip of 0", () => s4dInit("legs", { bClip: 0 }), "`bClip` must be a number above 0 or null, got 0"],
    ["dtMin 0", () => sampleLogDt(1, { dtMin: 0 }), "0 < dtMin <= dtMax, got 0 and 0.1"],
    ["dtMin above dtMax", () => sampleLogDt(1, { dtMin: 1 }), "got 1 and 0.1"],
    ["an infinite dtMax", () => sampleLogDt(1, { dtMax: Infinity }), "got 0.001 and Infinity"],
    ["a dtMin that is no number", () => mambaInit(1, { dtMin: NaN }), "got NaN and 0.1"],
    ["an unknown transform", () => toParameter(1, "log" as never), '"none", "exp", "relu", "sigmoid", "softplus", got "log"'],
    ["a seed that is none", () => sampleC(3, 0.5), "0.5"],
  ])("refuses %s and says what would do", async (_, f, message) => {
    const error = await expectTensorGrowth(0, () => thrown(f));
    expect(WarmstartError.isInstance(error, "INVALID_OPTION"), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

import { WarmstartError } from "@warmstart/init-core";
import { expectClose } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { largest, thrown } from "./host.fixture.js";
import { legsDiagonal, s5Init, sampleD, sampleLogDt, type S5CInit } from "./index.js";

const meanSquare = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value * value, 0) / values.length;
/** A law cut off at two standard deviations has at most this many of its own. */
const cut = 2 / 0.8796256610342398;

describe("Λ of s5Init", () => {
  it("is that of HiPPO-LegS' normal part of size N / blocks, once a block", () => {
    const { lambdaRe, lambdaIm } = s5Init(3, { dState: 12, blocks: 3 });
    expectClose(lambdaIm, [4.60329301, 0.55650112, 4.60329301, 0.55650112, 4.60329301, 0.55650112], 1e-8, 0); // N = 4
    expect([...lambdaRe]).toEqual(Array(6).fill(-0.5));
    for (const blocks of [1, 2, 8]) {
      const block = legsDiagonal(64 / blocks).aIm;
      expect([...s5Init(1, { dState: 64, blocks }).lambdaIm]).toEqual(Array.from({ length: blocks }, () => [...block]).flat());
    }
  });

  it("has the conjugates as well without conjSym, after the half that is kept with it", () => {
    expectClose(s5Init(1, { dState: 4, blocks: 1, conjSym: false }).lambdaIm, [4.60329301, 0.55650112, -4.60329301, -0.55650112], 1e-8, 0);
  });
});

describe("B of s5Init", () => {
  const [dState, blocks, features] = [64, 4, 200];
  const size = dState / blocks;
  const { bRe, bIm } = s5Init(features, { dState, blocks, seed: 3 });

  it("is V* of a real matrix of truncated normal numbers with variance 1/N", () => {
    // V of one half and its conjugate make a unitary matrix: B₀ = 2 Re(V B).
    const { vRe, vIm } = legsDiagonal(size);
    const b0 = Array.from({ length: dState * features }, (_, i) => {
      const [row, h] = [Math.floor(i / features), i % features];
      const [n, first] = [row % size, (Math.floor(row / size) * size) / 2];
      let sum = 0;
      for (let k = 0; k < size / 2; k++) {
        const [v, b] = [n * (size / 2) + k, (first + k) * features + h];
        sum += 2 * (vRe[v]! * bRe[b]! - vIm[v]! * bIm[b]!);
      }
      return sum;
    });
    expect(Math.abs(dState * meanSquare(b0) - 1)).toBeLessThan(4 * Math.sqrt(1.2 / b0.length)); // a cut normal's fourth moment is about 2.2
    expect(Math.sqrt(dState) * largest(b0)).toBeLessThanOrEqual(cut + 1e-9);
    expect(Math.sqrt(dState) * largest(b0)).toBeGreaterThan(cut - 0.01);
    expect(Math.abs(meanSquare(bRe) + meanSquare(bIm) - 1 / dState) * dState).toBeLessThan(0.05); // |v| = 1
  });

  it("has conjugate rows for conjugate states", () => {
    const all = s5Init(features, { dState, blocks, seed: 3, conjSym: false });
    const rows = (values: Float64Array, from: number) => values.slice(from * features, (from + size / 2) * features);
    for (let block = 0; block < blocks; block++) {
      expect(rows(all.bRe, block * size)).toEqual(rows(bRe, (block * size) / 2));
      expect(rows(all.bIm, block * size)).toEqual(rows(bIm, (block * size) / 2));
      expect(rows(all.bRe, block * size + size / 2)).toEqual(rows(bRe, (block * size) / 2));
      expect(rows(all.bIm, block * size + size / 2)).toEqual(rows(bIm, (block * size) / 2).map((im) => -im));
    }
  });
});

describe("C of s5Init", () => {
  it.each<[S5CInit, number]>([
    ["truncStandardNormal", 2 / 32],
    ["lecunNormal", 2 / (32 * 40)],
    ["complexNormal", 1],
  ])("%s has E|C|² = %d at N = 32, H = 40", (cInit, power) => {
    for (const conjSym of [true, false]) {
      const { cRe, cIm } = s5Init(40, { dState: 32, blocks: 2, cInit, conjSym, seed: 5 });
      expect(cRe.length).toBe(40 * (conjSym ? 16 : 32));
      expect(Math.abs((meanSquare(cRe) + meanSquare(cIm)) / power - 1)).toBeLessThan(5 / Math.sqrt(cRe.length)); // |C|² is nearly exponential: variance 1
    }
  });

  it("is C₀ V: C V* of all states is complex with both parts cut at two standard deviations", () => {
    const [size, features] = [8, 60];
    const { cRe, cIm } = s5Init(features, { dState: 2 * size, blocks: 2, conjSym: false, seed: 6 });
    const { vRe, vIm } = legsDiagonal(size);
    for (const block of [0, 1]) {
      const parts = Array.from({ length: features * size }, (_, i) => {
        const [h, n] = [Math.floor(i / size), i % size];
        let [re, im] = [0, 0];
        for (let k = 0; k < size; k++) {
          const c = h * 2 * size + block * size + k;
          const [vr, vi] = [vRe[n * (size / 2) + (k % (size / 2))]!, vIm[n * (size / 2) + (k % (size / 2))]! * (k < size / 2 ? 1 : -1)];
          re += cRe[c]! * vr + cIm[c]! * vi;
          im += cIm[c]! * vr - cRe[c]! * vi;
        }
        return [re, im];
      }).flat();
      expect(Math.sqrt(2 * size) * largest(parts)).toBeLessThanOrEqual(cut + 1e-9);
      expect(Math.abs(2 * size * meanSquare(parts) - 1)).toBeLessThan(4 * Math.sqrt(1.2 / parts.length));
    }
  });
});

describe("s5Init", () => {
  it("draws one step a state and one skip weight a feature as S4D does", () => {
    const { logStep, d } = s5Init(5, { dState: 16, blocks: 2, dtMin: 1e-4, seed: 9 });
    expect(logStep).toEqual(sampleLogDt(8, { dtMin: 1e-4, seed: 9 }));
    expect(d).toEqual(sampleD(5, 9));
  });

  it("repeats for a seed and differs for another, and starts from 256 dimensions in 8 blocks", () => {
    const draw = (seed?: number) => s5Init(3, { seed });
    expect(draw(1)).toEqual(draw(1));
    for (const name of ["bRe", "bIm", "cRe", "cIm", "logStep", "d"] as const) expect(draw(1)[name]).not.toEqual(draw(2)[name]);
    expect(draw()).toEqual(draw(0));
    expect(draw().lambdaIm.length).toBe(128);
    expect(draw().lambdaIm.slice(0, 16)).toEqual(legsDiagonal(32).aIm);
  });

  it.each<[string, () => unknown, string]>([
    ["no features", () => s5Init(0), "s5Init: `features` must be an integer of at least 1, got 0"],
    ["an odd state size", () => s5Init(1, { dState: 9 }), "`dState` must be an even integer of at least 2, got 9"],
    ["no blocks", () => s5Init(1, { blocks: 0 }), "`blocks` must be an integer of at least 1, got 0"],
    ["blocks that do not divide the state", () => s5Init(1, { dState: 8, blocks: 3 }), "`blocks` must divide `dState` into blocks of even size, got 8 / 3"],
    ["blocks of odd size", () => s5Init(1, { dState: 6, blocks: 2 }), "got 6 / 2"],
    ["an unknown law of C", () => s5Init(1, { cInit: "lecun_normal" as never }), '"truncStandardNormal", "lecunNormal", "complexNormal", got "lecun_normal"'],
    ["dtMin above dtMax", () => s5Init(1, { dtMin: 1 }), "got 1 and 0.1"],
  ])("refuses %s and says what would do", async (_, f, message) => {
    const error = await thrown(f);
    expect(WarmstartError.isInstance(error, "INVALID_OPTION"), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

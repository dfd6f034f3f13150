import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redistributeRanks, roundHalfEven } from "./redistribute-ranks.js";

// Four layers, r = 2, budget 8; q and k share their input.
const ratios = { q: [0.5, 0.2, 0.1, 0.05], k: [0.5, 0.2, 0.1, 0.05], up: [0.3, 0.25, 0.15, 0.12], down: [0.09, 0.08, 0.07, 0.06] };

describe("redistributeRanks", () => {
  it("keeps ranks uniform at rho 1", () => {
    expect(redistributeRanks(ratios, { r: 2, rho: 1 }).ranks).toEqual({ q: 2, k: 2, up: 2, down: 2 });
  });

  it("gives the tie at 0.10 to the layer named first (cap 3)", () => {
    expect(redistributeRanks(ratios, { r: 2, rho: 1.5 }).ranks).toEqual({ q: 3, k: 2, up: 3, down: 0 });
  });

  it("moves ranks to the concentrated layers and keeps every scale (cap 4)", () => {
    const { ranks, alphas, scales, budget, threshold } = redistributeRanks(ratios, { r: 2, rho: 2, loraAlpha: 1 });
    expect(ranks).toEqual({ q: 2, k: 2, up: 4, down: 0 });
    expect(alphas).toEqual({ q: 1, k: 1, up: 2, down: 0 });
    expect(scales).toEqual({ q: 0.5, k: 0.5, up: 0.5, down: 0 });
    expect([budget, threshold]).toEqual([8, 0.12]);
  });

  it("keeps the rank-stabilised scale too: r 16 → 32, alpha 16 → 22.627, scale 4", () => {
    const spread = { wide: Array.from({ length: 32 }, () => 0.02), none: Array.from({ length: 32 }, () => 0) };
    const { ranks, alphas, scales } = redistributeRanks(spread, { r: 16, rho: 2, loraAlpha: 16, useRslora: true });
    expect(ranks).toEqual({ wide: 32, none: 0 });
    expect(alphas.wide).toBeCloseTo(22.62742, 4);
    expect(scales.wide).toBeCloseTo(4, 6);
  });

  it("gives every layer its minimum before the rest is pooled", () => {
    expect(redistributeRanks(ratios, { r: 2, rho: 2, minRank: 1 }).ranks).toEqual({ q: 2, k: 2, up: 3, down: 1 });
  });

  it("spends the budget exactly, within the caps, and takes nothing smaller than what it leaves", () => {
    const layer = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 }).map((values) => values.toSorted((a, b) => b - a));
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 4 }), fc.constantFrom(1, 1.25, 1.5, 2), (layers, r, rho) => {
        const named = Object.fromEntries(layers.map((values, i) => [`layer${i}`, values]));
        const { ranks, caps, budget, threshold } = redistributeRanks(named, { r, rho });
        expect(Object.values(ranks).reduce((sum, rank) => sum + rank, 0)).toBe(budget);
        for (const [name, rank] of Object.entries(ranks)) {
          expect(rank).toBeLessThanOrEqual(caps[name]!);
          if (rank < caps[name]!) expect(named[name]![rank]!).toBeLessThanOrEqual(threshold);
        }
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("says what rho must be", () => {
    expect(() => redistributeRanks(ratios, { r: 2, rho: 0.5 })).toThrow(/`rho` must be at least 1 .* got 0.5/);
  });
});

describe("roundHalfEven", () => {
  it("rounds halves to even, as Python does", () => {
    expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6].map(roundHalfEven)).toEqual([0, 2, 2, 4, 2, 3]);
  });
});

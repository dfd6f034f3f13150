import "@tensorflow/tfjs";
import fc from "fast-check";
import { WarmstartError } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { scheduleDensities, selectMasks, shuffleMasks, type SelectOptions } from "../index.js";

const scoresOf = (layers: Readonly<Record<string, readonly number[]>>) => new Map(Object.entries(layers).map(([name, values]) => [name, Float32Array.from(values)]));
const plain = (masks: ReadonlyMap<string, Uint8Array>) => Object.fromEntries([...masks].map(([name, mask]) => [name, Array.from(mask)]));
const select = (layers: Readonly<Record<string, readonly number[]>>, options: SelectOptions) => plain(selectMasks(scoresOf(layers), options));
const count = (masks: Readonly<Record<string, readonly number[]>>) => Object.values(masks).flat().filter(Boolean).length;
const codeOf = (f: () => unknown) => {
  try {
    f();
    return "none";
  } catch (error) {
    return WarmstartError.isInstance(error) ? error.code : "another";
  }
};

describe("selectMasks", () => {
  it("keeps the highest scores over all tensors, negative ones last", () => {
    expect(select({ a: [-1, 3, 0.5], b: [2, -4, 0] }, { density: 0.5 })).toEqual({ a: [0, 1, 1], b: [1, 0, 0] });
  });

  it("keeps each tensor its share where the scope is local, or densities are given by name", () => {
    expect(select({ a: [1, 2, 3, 4], b: [10, 20] }, { density: 0.5, scope: "local" })).toEqual({ a: [0, 0, 1, 1], b: [0, 1] });
    expect(select({ a: [1, 2, 3, 4], b: [10, 20] }, { density: { a: 0.25, b: 1 } })).toEqual({ a: [0, 0, 0, 1], b: [1, 1] });
  });

  it("takes 0 and -0 for equal, so that the first index stays", () => {
    expect(select({ a: [-0, 0], b: [0, -0] }, { density: 0.5 })).toEqual({ a: [1, 1], b: [0, 0] });
  });

  it("agrees with a full sort by score and index, with ties, pinned weights and a minimum a layer", () => {
    const layer = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 4 }), fc.double({ min: 0.01, max: 1, noNaN: true }), fc.boolean(), (layers, density, pinned) => {
        const scores = Object.fromEntries(layers.map((values, i) => [`l${i}`, values.map(([score]) => score / 7)]));
        const previous = new Map(layers.map((values, i) => [`l${i}`, Uint8Array.from(values, ([, open]) => (open ? 1 : 0))]));
        const flat = layers.flatMap((values, i) => values.map(([score, open], j) => ({ name: `l${i}`, j, score: Math.fround(score / 7), open: open || !pinned })));
        const keep = Math.min(flat.length, Math.max(1, Math.floor(density * flat.length + 0.5)));
        const chosen = new Set(flat.map((entry, order) => ({ ...entry, order })).filter(({ open }) => open).sort((a, b) => b.score - a.score || a.order - b.order).slice(0, keep).map(({ name, j }) => `${name} ${j}`));
        const expected = Object.fromEntries(layers.map((values, i) => [`l${i}`, values.map((_, j) => Number(chosen.has(`l${i} ${j}`)))]));
        expect(select(scores, { density, ...(pinned ? { previous } : {}) })).toEqual(expected);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("keeps at least minPerLayer of each tensor, out of the same budget", () => {
    const layers = { a: [9, 8, 7, 6], b: [1, 2, 0, 0] };
    expect(select(layers, { density: 0.5 })).toEqual({ a: [1, 1, 1, 1], b: [0, 0, 0, 0] });
    expect(select(layers, { density: 0.5, minPerLayer: 1 })).toEqual({ a: [1, 1, 1, 0], b: [0, 1, 0, 0] });
    expect(codeOf(() => select(layers, { density: 0.1, minPerLayer: 1 }))).toBe("INVALID_OPTION");
  });

  it("keeps fewer than asked only where the previous masks have no more", () => {
    const previous = new Map([["a", Uint8Array.from([0, 1, 0, 0])]]);
    expect(select({ a: [4, 3, 2, 1] }, { density: 0.75, previous })).toEqual({ a: [0, 1, 0, 0] });
  });

  it("leaves the scores as they are, and reads views at an offset", () => {
    const all = Float32Array.from([99, 1, 3, 2]);
    const scores = new Map([["a", all.subarray(1)]]);
    expect(plain(selectMasks(scores, { density: 0.34 }))).toEqual({ a: [0, 1, 0] });
    expect(Array.from(all)).toEqual([99, 1, 3, 2]);
  });

  it("refuses what has no rank and what cannot be kept, saying where", () => {
    expect(codeOf(() => select({ a: [1, NaN] }, { density: 0.5 }))).toBe("NOT_FINITE");
    expect(codeOf(() => select({ a: [1, -Infinity] }, { density: 0.5 }))).toBe("NOT_FINITE");
    expect(() => select({ a: [1], "b/kernel": [1, Infinity] }, { density: 0.5 })).toThrow(/"b\/kernel"/);
    for (const density of [0, -1, 1.5, NaN]) expect(codeOf(() => select({ a: [1] }, { density }))).toBe("INVALID_OPTION");
    expect(() => select({ a: [1] }, { density: 10 })).toThrow(/compression: 10/);
    expect(codeOf(() => select({ a: [1], b: [1] }, { density: { a: 1 } }))).toBe("INVALID_OPTION");
    expect(codeOf(() => select({ a: [1, 2] }, { density: 0.5, previous: new Map([["a", new Uint8Array(3)]]) }))).toBe("SHAPE_MISMATCH");
    expect(codeOf(() => select({}, { density: 0.5 }))).toBe("INSUFFICIENT_DATA");
    expect(codeOf(() => select({ a: [1] }, { density: 1, minPerLayer: 0.5 }))).toBe("INVALID_OPTION");
  });
});

describe("scheduleDensities", () => {
  it("falls exponentially or linearly to the density", () => {
    const exponential = scheduleDensities(0.1, 100);
    for (const [k, density] of [[1, 0.97724], [10, 0.79433], [50, 0.31623], [99, 0.10233], [100, 0.1]] as const) expect(exponential[k - 1]).toBeCloseTo(density, 5);
    expect(scheduleDensities(0.2, 4, "linear").map((density) => Number(density.toFixed(12)))).toEqual([0.8, 0.6, 0.4, 0.2]);
    expect(codeOf(() => scheduleDensities(0.1, 0))).toBe("INVALID_OPTION");
    expect(codeOf(() => scheduleDensities(0.1, 1.5))).toBe("INVALID_OPTION");
  });
});

describe("shuffleMasks", () => {
  it("keeps the counts, moves the places, and repeats for a seed", () => {
    const mask = Uint8Array.from({ length: 200 }, (_, i) => Number(i < 60));
    const masks = new Map([["a", mask], ["b", mask]]);
    const shuffled = plain(shuffleMasks(masks, 3));
    expect([count({ a: shuffled.a! }), count({ b: shuffled.b! })]).toEqual([60, 60]);
    expect(shuffled.a).not.toEqual(Array.from(mask));
    expect(shuffled.a).not.toEqual(shuffled.b);
    expect(plain(shuffleMasks(masks, 3))).toEqual(shuffled);
  });
});

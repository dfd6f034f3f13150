import { describe, expect, it } from "vitest";
import { judge, type Bound } from "./bounds.js";
import { median, type Line } from "./result.js";
import { rows } from "./rows.js";
import { tableLine } from "./table.js";

const line: Line = { name: "toy", work: "doubling", backend: "wasm", ms_median: 20, ms_all: [20], peak_rss_mb: 50, peers: [{ name: "torch", ms_median: 100, ratio: 0.2 }] };
const ratio = (atMost: number, more = {}): Bound => ({ kind: "ratio", backend: "wasm", peer: "torch", atMost, ...more });

describe("judge", () => {
  it("passes a ratio at the bound and fails one above it", () => {
    expect(judge(line, [ratio(0.2)])).toMatchObject([{ state: "pass" }]);
    expect(judge(line, [ratio(0.19)])).toMatchObject([{ state: "FAIL" }]);
  });

  it("says nothing of other backends, and that an absent peer was not measured", () => {
    expect(judge(line, [ratio(0.1, { backend: "tensorflow" })])).toEqual([]);
    expect(judge(line, [ratio(0.1, { peer: "jax" })])).toMatchObject([{ state: "not measured" }]);
  });

  it("fails what grows, and what was to be measured but was not", () => {
    const bound: Bound = { kind: "growth", figure: "state_bytes", atMost: 1 };
    const growth = (...state_bytes: number[]) => ({ ...line, growth: { batches: [10, 1000], state_bytes, tensor_bytes: [1, 1], peak_rss_mb: [1, 1] } });
    expect(judge(growth(64, 64), [bound])).toMatchObject([{ state: "pass" }]);
    expect(judge(growth(64, 65), [bound])).toMatchObject([{ state: "FAIL" }]);
    expect(judge(line, [bound])).toMatchObject([{ state: "FAIL" }]);
  });
});

describe("rows", () => {
  it("have names of their own, and bounds on peers that they have", () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { peers, bounds } of rows) for (const bound of bounds) if (bound.kind === "ratio") expect(peers.map(({ name }) => name)).toContain(bound.peer);
  });
});

describe("median", () => {
  it("takes the middle, or the mean of the two in the middle", () => {
    expect(median([10, 2, 3])).toBe(3);
    expect(median([1, 10, 2, 3])).toBe(2.5);
  });
});

describe("tableLine", () => {
  it("names figure and peer", () => {
    expect(tableLine(line)).toBe("toy  wasm: 20 ms (50 MB)\n      0.2 of torch's 100 ms");
  });
});

import { describe, expect, it } from "vitest";
import { judge, type Bound } from "./bounds.js";
import { compare } from "./compare.js";
import type { Variant } from "./definition.js";
import { median, type Line } from "./result.js";
import { rows } from "./rows.js";
import { tableLine } from "./table.js";

const line: Line = { name: "toy", work: "doubling", backend: "wasm", ms_median: 20, ms_all: [20], peak_rss_mb: 50, peers: [{ name: "torch", backend: "torch cpu", ms_median: 100, ratio: 0.2 }] };
const ratio = (atMost: number, more = {}): Bound => ({ kind: "ratio", backend: "wasm", peer: "torch", atMost, ...more });

describe("judge", () => {
  it("passes a ratio at the bound and fails one above it", () => {
    expect(judge(line, [ratio(0.2)])).toMatchObject([{ state: "pass" }]);
    expect(judge(line, [ratio(0.19)])).toMatchObject([{ state: "FAIL" }]);
  });

  it("holds a state to its bytes, and fails a row that measured none", () => {
    const state: Bound = { kind: "state", atMost: 100 };
    expect(judge({ ...line, state_bytes: 100 }, [state])).toMatchObject([{ state: "pass" }]);
    expect(judge({ ...line, state_bytes: 101 }, [state])).toMatchObject([{ state: "FAIL" }]);
    expect(judge(line, [state])).toMatchObject([{ state: "FAIL" }]);
  });

  it("compares parts of a row with each other", () => {
    const bound = (atMost: number): Bound => ({ kind: "parts", part: "dX", of: "dW", atMost });
    const parts: Line = { ...line, parts: { dX: 12, dW: 10 } };
    expect(judge(parts, [bound(1.2), bound(1.1)])).toMatchObject([{ state: "pass", text: expect.stringContaining("dX: at most 1.2 of dW's time, measured 1.2") }, { state: "FAIL" }]);
    expect(judge(line, [bound(1.2)])).toMatchObject([{ state: "FAIL" }]);
  });

  it("holds a time to its milliseconds", () => {
    expect(judge(line, [{ kind: "time", atMost: 20 }])).toMatchObject([{ state: "pass" }]);
    expect(judge(line, [{ kind: "time", atMost: 19 }])).toMatchObject([{ state: "FAIL", text: expect.stringContaining("at most 19 ms, measured 20") }]);
  });

  it("holds a process to its memory", () => {
    expect(judge(line, [{ kind: "memory", atMost: 50 }])).toMatchObject([{ state: "pass" }]);
    expect(judge(line, [{ kind: "memory", atMost: 49 }])).toMatchObject([{ state: "FAIL", text: expect.stringContaining("at most 49 MB, measured 50") }]);
  });

  it("says nothing of other backends, and that an absent peer was not measured", () => {
    expect(judge(line, [ratio(0.1, { backend: "tensorflow" })])).toEqual([]);
    expect(judge(line, [ratio(0.1, { peer: "jax" })])).toMatchObject([{ state: "not measured" }]);
  });

  it("asks how many times as fast, of the part that it names", () => {
    const parts: Line = { ...line, peers: [{ name: "cpu", backend: "cpu", part: "dX", ms_median: 1000, ratio: 0.02, smaller: { shape: "one image", factor: 32 } }] };
    const faster = (atLeast: number, part?: string): Bound => ({ kind: "faster", backend: "wasm", peer: "cpu", atLeast, ...(part === undefined ? {} : { part }) });
    expect(judge(parts, [faster(50, "dX")])).toMatchObject([{ state: "pass", text: expect.stringContaining("measured 50 (from one image, × 32)") }]);
    expect(judge(parts, [faster(51, "dX")])).toMatchObject([{ state: "FAIL" }]);
    expect(judge(parts, [faster(1, "dW"), faster(1)])).toMatchObject([{ state: "not measured" }, { state: "not measured" }]);
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
    for (const { peers, bounds } of rows) {
      expect(new Set(peers.map(({ name }) => name)).size).toBe(peers.length);
      for (const bound of bounds) if (bound.kind === "ratio" || bound.kind === "faster") expect(peers.map(({ name }) => name)).toContain(bound.peer);
    }
  });
});

describe("compare", () => {
  const own = [{ ms_all: [5, 7], parts: { dX: [2, 4], dW: [3, 3] } }];
  const cpu: Variant = { name: "cpu", backend: "cpu", smaller: { shape: "one image", factor: 10 } };

  it("sets part against part, and each part against a peer that has none", () => {
    expect(compare(own, { name: "native", backend: "tensorflow" }, [{ ms_all: [9], parts: { dW: [6] } }])).toEqual([{ name: "native", backend: "tensorflow", part: "dW", ms_median: 6, ratio: 0.5 }]);
    expect(compare(own, { name: "forward", backend: "wasm" }, [{ ms_all: [2] }, { ms_all: [4] }])).toMatchObject([{ part: "dX", ms_median: 3, ratio: 1 }, { part: "dW", ratio: 1 }]);
  });

  it("multiplies what was measured on less, and says so", () => {
    expect(compare([{ ms_all: [5] }], cpu, [{ ms_all: [2] }])).toEqual([{ name: "cpu", backend: "cpu", ms_median: 20, ratio: 0.25, smaller: { shape: "one image", factor: 10 } }]);
  });

  it("keeps small ratios", () => {
    expect(compare([{ ms_all: [1] }], { name: "cpu", backend: "cpu" }, [{ ms_all: [81_234] }])[0]!.ratio).toBe(1.231e-5);
  });
});

describe("median", () => {
  it("takes the middle, or the mean of the two in the middle", () => {
    expect(median([10, 2, 3])).toBe(3);
    expect(median([1, 10, 2, 3])).toBe(2.5);
  });
});

describe("tableLine", () => {
  it("names a part, its peers, and from what a peer's time was taken", () => {
    const parts: Line = { ...line, parts: { dX: 8 }, peers: [{ name: "cpu", backend: "cpu", part: "dX", ms_median: 80, ratio: 0.1, smaller: { shape: "one image", factor: 32 } }] };
    expect(tableLine(parts)).toBe("toy  wasm: 20 ms (50 MB)\n  dX: 8 ms\n        0.1 of cpu's 80 ms (from one image, × 32)");
  });

  it("names figure and peer", () => {
    expect(tableLine(line)).toBe("toy  wasm: 20 ms (50 MB)\n        0.2 of torch's 100 ms");
  });
});

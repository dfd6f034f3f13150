import { describe, expect, it } from "vitest";
import { compare, type Kind } from "./compare.js";
import { readValue, type Entries, type Value } from "./values.js";

const tolerance = { absolute: 0.01, relative: 0.1 };
const share = (kind: Kind, actual: Value, expected: Value, t = tolerance) => compare(kind, actual, expected, t).share;
const passes = (kind: Kind, actual: Value, expected: Value, t = tolerance) => share(kind, actual, expected, t) <= 1;
const tensor = (shape: number[], ...data: (number | boolean | string)[]): Entries => ({ shape, data });

describe("before any kind", () => {
  it("wants equal shapes", () => {
    expect(passes("close", tensor([2, 1], 1, 2), tensor([2, 1], 1, 2))).toBe(true);
    expect(passes("close", tensor([1, 2], 1, 2), tensor([2, 1], 1, 2))).toBe(false);
    expect(passes("close", tensor([1, 1], 1), tensor([1], 1))).toBe(false);
    expect(passes("exact", tensor([3], 1, 2, 3), tensor([2], 1, 2))).toBe(false);
    expect(passes("close", tensor([0, 3]), tensor([0, 3]))).toBe(true);
    expect(passes("close", tensor([0, 3]), tensor([3, 0]))).toBe(false);
  });

  it("takes a list for a 1-D tensor, and a number for a tensor with one entry", () => {
    expect(passes("exact", [1, 2], tensor([2], 1, 2))).toBe(true);
    expect(passes("close", tensor([2], 1, 2), [1, 2])).toBe(true);
    expect(passes("close", tensor([], 5), 5)).toBe(true);
    expect(passes("exact", 5, tensor([1], 5))).toBe(true);
    expect(passes("exact", ["a", "b"], tensor([2], "a", "b"))).toBe(true);
  });

  it.each(["exact", "close"] as const)("matches NaN with NaN alone and an infinity with the same one (%s)", (kind) => {
    const [nan, infinite, minus] = [readValue("NaN"), readValue("Infinity"), readValue("-Infinity")];
    expect(passes(kind, NaN, nan)).toBe(true);
    expect(passes(kind, 0, nan)).toBe(false);
    expect(passes(kind, NaN, 0)).toBe(false);
    expect(passes(kind, Infinity, infinite)).toBe(true);
    expect(passes(kind, -Infinity, infinite)).toBe(false);
    expect(passes(kind, -Infinity, minus)).toBe(true);
    expect(passes(kind, 3e38, infinite)).toBe(false);
  });

  it("takes -0 for 0", () => {
    expect(passes("exact", -0, 0)).toBe(true);
    expect(passes("close", tensor([1], 0), -0)).toBe(true);
    expect(passes("multiset", [-0, 1], [1, 0])).toBe(true);
  });

  it("takes 0 and 1 for booleans, and nothing else", () => {
    expect(passes("exact", tensor([2], 0, 1), tensor([2], false, true))).toBe(true);
    expect(passes("exact", tensor([1], 2), tensor([1], true))).toBe(false);
    expect(passes("exact", tensor([1], true), tensor([1], 1))).toBe(false);
    expect(passes("exact", false, true)).toBe(false);
  });
});

describe("exact", () => {
  it("compares integers as they are and fractions in float32", () => {
    expect(passes("exact", 3, 3)).toBe(true);
    expect(passes("exact", 3.0000001, 3)).toBe(false);
    expect(passes("exact", Math.fround(0.1), 0.1)).toBe(true);
    expect(passes("exact", 0.1000001, 0.1)).toBe(false);
  });

  it("compares strings, lists in order, and the keys of objects that are expected", () => {
    expect(passes("exact", "a", "a")).toBe(true);
    expect(passes("exact", "a", "b")).toBe(false);
    expect(passes("exact", "1", 1)).toBe(false);
    expect(passes("exact", [2, 1], [1, 2])).toBe(false);
    expect(passes("exact", [[1], ["a", true]], [[1], ["a", true]])).toBe(true);
    expect(passes("exact", [[1], ["a", false]], [[1], ["a", true]])).toBe(false);
    expect(passes("exact", { a: 1, b: { c: [1] }, more: 0 }, { a: 1, b: { c: [1] } })).toBe(true);
    expect(passes("exact", { a: 1 }, { a: 1, b: 2 })).toBe(false);
    expect(passes("exact", { a: tensor([2], 1, 2) }, { a: tensor([2], 1, 3) })).toBe(false);
  });
});

describe("close", () => {
  it("allows absolute + relative·|expected|, and reports the worst share", () => {
    expect(share("close", 10.505, 10)).toBeCloseTo(0.5, 10); // 0.505 of 0.01 + 0.1·10
    expect(passes("close", 11.009, 10)).toBe(true);
    expect(passes("close", 11.02, 10)).toBe(false);
    expect(share("close", tensor([3], 0.002, 1, 10), tensor([3], 0, 1, 10))).toBeCloseTo(0.2, 10);
    expect(compare("close", tensor([3], 0, 5, 0), tensor([3], 0, 1, 0), tolerance).message).toContain("entry 1 is 5, expected 1");
  });

  it("refuses what are no numbers", () => {
    expect(passes("close", "a", "a")).toBe(false);
    expect(passes("close", true, 1)).toBe(false);
    expect(passes("close", { a: 1 }, 1)).toBe(false);
  });
});

describe("differs", () => {
  it("passes when one entry is further off than the tolerance", () => {
    expect(passes("differs", [1, 2], [1, 3])).toBe(true);
    expect(passes("differs", [1, 2], [1, 2])).toBe(false);
    expect(passes("differs", [1, 2], [1.05, 2.1])).toBe(false);
    expect(share("differs", 2, 0, { absolute: 1, relative: 0 })).toBe(0.5);
  });

  it("does not take NaN for a difference", () => {
    expect(passes("differs", [NaN, 2], [1, 3])).toBe(false);
  });
});

describe("multiset", () => {
  it("ignores the order, not the multiplicity", () => {
    expect(passes("multiset", [3, 1, 10, 1], [10, 1, 1, 3])).toBe(true);
    expect(passes("multiset", [3, 1, 10, 3], [10, 1, 1, 3])).toBe(false);
    expect(passes("multiset", ["b", "B", "a"], ["a", "b", "B"])).toBe(true);
    expect(passes("multiset", ["b", "b", "a"], ["a", "a", "b"])).toBe(false);
    expect(passes("multiset", [1], [1, 1])).toBe(false);
  });
});

describe("up to sign", () => {
  it("lets each row turn on its own", () => {
    const expected = tensor([2, 3], 1, 2, 3, 4, 5, 6);
    expect(passes("rows-up-to-sign", tensor([2, 3], -1, -2, -3, 4, 5, 6), expected)).toBe(true);
    expect(passes("rows-up-to-sign", tensor([2, 3], -1, -2, 3, 4, 5, 6), expected)).toBe(false);
    expect(passes("columns-up-to-sign", tensor([2, 3], -1, -2, -3, 4, 5, 6), expected)).toBe(false);
  });

  it("lets each column turn on its own", () => {
    const expected = tensor([2, 3], 1, 2, 3, 4, 5, 6);
    expect(passes("columns-up-to-sign", tensor([2, 3], -1, 2, -3, -4, 5, -6), expected)).toBe(true);
    expect(passes("columns-up-to-sign", tensor([2, 3], -1, 2, -3, -4, -5, -6), expected)).toBe(false);
  });

  it("takes the tolerance from the expected entry", () => {
    expect(share("rows-up-to-sign", tensor([1, 2], -10.505, 0), tensor([1, 2], 10, 0))).toBeCloseTo(0.5, 10);
  });

  it("refuses what is no matrix", () => {
    expect(passes("rows-up-to-sign", [1, 2], [1, 2])).toBe(false);
  });
});

describe("subspaces", () => {
  const plane = tensor([2, 3], 1, 0, 1, 0, 1, 0);
  it("takes any basis of the same span, by rows", () => {
    expect(share("row-subspace", tensor([2, 3], 2, 3, 2, -1, 5, -1), plane)).toBeLessThan(1e-10);
    expect(passes("row-subspace", tensor([2, 3], 1, 0, 0, 0, 1, 0), plane)).toBe(false);
  });

  it("takes any basis of the same span, by columns", () => {
    expect(share("column-subspace", tensor([3, 2], 2, -1, 3, 5, 2, -1), tensor([3, 2], 1, 0, 0, 1, 1, 0))).toBeLessThan(1e-10);
    expect(passes("column-subspace", tensor([3, 2], 1, 0, 0, 1, 0, 0), tensor([3, 2], 1, 0, 0, 1, 1, 0))).toBe(false);
  });

  it("is as exact as float64 where the basis is nearly dependent", () => {
    expect(share("row-subspace", tensor([2, 3], 1, 1e-6, 1, 1, 0, 1), plane, { absolute: 1e-8, relative: 0 })).toBeLessThan(1);
  });

  it("compares projectors: a tilt by 0.02 moves an entry by 0.01", () => {
    // span{(1, t)}: the off-diagonal entry is t/(1+t²), that of span{(1, 0)} is 0
    expect(share("row-subspace", tensor([1, 2], 1, 0.02), tensor([1, 2], 1, 0))).toBeCloseTo(0.02 / 1.0004 / 0.01, 6);
  });

  it("refuses dependent vectors and NaN", () => {
    expect(passes("row-subspace", tensor([2, 3], 1, 2, 3, 2, 4, 6), plane)).toBe(false);
    expect(passes("row-subspace", tensor([2, 3], 0, 0, 0, 1, 0, 1), plane)).toBe(false);
    expect(passes("row-subspace", tensor([2, 3], NaN, 0, 1, 0, 1, 0), plane)).toBe(false);
  });
});

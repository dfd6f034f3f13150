import { describe, expect, it } from "vitest";
import { fewOfEachClass, groupedSplit, randomSplit } from "./splits.js";

const parts = ({ train, valid, test }: { train: Int32Array; valid: Int32Array; test: Int32Array }) => [train, valid, test].map((part) => part.length);
const all = ({ train, valid, test }: { train: Int32Array; valid: Int32Array; test: Int32Array }) => [...train, ...valid, ...test].toSorted((a, b) => a - b);

describe("randomSplit", () => {
  it("has everything with a label once, by the seed", () => {
    const labels = Int32Array.from({ length: 24 }, (_, i) => (i < 4 ? -1 : i % 3));
    const split = (seed: number) => randomSplit(labels, { train: 0.6, valid: 0.2 }, seed);
    expect(parts(split(1))).toEqual([12, 4, 4]);
    expect(all(split(1))).toEqual(Array.from({ length: 20 }, (_, i) => i + 4));
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });
});

describe("fewOfEachClass", () => {
  it("trains on so many of each class", () => {
    const labels = Int32Array.from([0, 0, 0, 1, 1, 1, 1, -1]);
    const split = fewOfEachClass(labels, 2, 5);
    expect(parts(split)).toEqual([4, 0, 3]);
    expect([...split.train].map((i) => labels[i]).toSorted()).toEqual([0, 0, 1, 1]);
    expect(all(split)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("groupedSplit", () => {
  it("tears no group apart, and trains on the largest", () => {
    const groups = Int32Array.from([0, 1, 0, 2, 0, 1, 3, 4, 4, 0]);
    for (const seed of [1, 2, 3]) {
      const split = groupedSplit(groups, { train: 0.5, valid: 0.2 }, seed);
      expect(all(split)).toEqual([...groups.keys()]);
      const groupsOf = (part: Int32Array) => new Set([...part].map((i) => groups[i]));
      const [train, valid, test] = [groupsOf(split.train), groupsOf(split.valid), groupsOf(split.test)];
      expect([...train].some((group) => valid.has(group) || test.has(group)) || [...valid].some((group) => test.has(group))).toBe(false);
      expect(train.has(0)).toBe(true);
    }
  });
});

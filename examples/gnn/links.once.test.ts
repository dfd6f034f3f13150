import { randomGenerator } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { rankOf, splitLinks, wrongEnds } from "./links-task.js";
import { bestByValidation, finite } from "./training.js";

describe("rankOf", () => {
  it("counts what is ahead, right ends that are known left out, equals half, and what is no number as ahead", () => {
    const scores = Float32Array.from([5, 4, 3, 2, 1]);
    expect(rankOf(scores, 2, new Set([2]))).toBe(3);
    expect(rankOf(scores, 2, new Set([2, 0]))).toBe(2);
    expect(rankOf(new Float32Array(5), 2, new Set([2]))).toBe(3); // 1 + 4 halves
    expect(rankOf(Float32Array.from([NaN, 1, 2]), 2, new Set([2]))).toBe(2);
    expect(rankOf(new Float32Array(5).fill(NaN), 2, new Set([2]))).toBe(5);
  });
});

describe("wrongEnds", () => {
  it("draws each of the others about as often, none of those set aside, the same for a seed, and says when there is none", () => {
    const ends = wrongEnds(10, new Set([0, 3, 9]), 7000, randomGenerator(1));
    const counts = Array.from({ length: 10 }, (_, node) => ends.filter((end) => end === node).length);
    for (const [node, count] of counts.entries()) expect(Math.abs(count - ([0, 3, 9].includes(node) ? 0 : 1000)), `${node}`).toBeLessThanOrEqual([0, 3, 9].includes(node) ? 0 : 150); // five deviations
    expect(wrongEnds(10, new Set([0, 3, 9]), 20, randomGenerator(1))).toEqual(ends.slice(0, 20));
    expect(() => wrongEnds(2, new Set([0, 1]), 1, randomGenerator(1))).toThrow("wrongEnds: there is no wrong end, all 2 nodes are right ones");
  });
});

describe("splitLinks", () => {
  it("keeps all links between two nodes on one side, there and back", () => {
    const from = Int32Array.from([0, 1, 0, 2, 3, 3, 4, 5, 6, 7, 8]);
    const to = Int32Array.from([1, 0, 1, 3, 2, 4, 5, 6, 7, 8, 9]);
    for (const seed of [1, 2, 3]) {
      const split = splitLinks({ numNodes: 10, from, to }, { train: 0.5, valid: 0.25 }, seed);
      const parts = [split.train, split.valid, split.test].map((part) => new Set([...part].map((i) => [from[i]!, to[i]!].toSorted().join())));
      expect(parts.map(({ size }) => size)).toEqual([4, 2, 2]);
      expect(new Set(parts.flatMap((part) => [...part])).size).toBe(8);
      expect(split.train.length + split.valid.length + split.test.length).toBe(11);
    }
  });
});

describe("the points of a course", () => {
  it("are chosen by the validation, the last without one", () => {
    const points = [[1, 50, 1], [2, 60, 2], [3, 60, 3], [4, 40, 4]].map(([step, valid, test]) => ({ step: step!, loss: 1, valid: valid!, test: test! }));
    expect(bestByValidation(points).test).toBe(2);
    expect(bestByValidation(points.map((point) => ({ ...point, valid: null }))).test).toBe(4);
  });

  it("have no losses that JSON does not know", () => {
    expect([1.5, NaN, Infinity].map(finite)).toEqual([1.5, null, null]);
  });
});

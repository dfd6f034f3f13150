import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraph } from "../graph.js";
import { coalesce, type EdgeReduction } from "./coalesce.js";
import { degrees } from "./degrees.js";
import { anyGraph, denseOf, edgesOf } from "./graphs.fixture.js";
import { addSelfLoops, removeSelfLoops } from "./self-loops.js";
import { reverse, toUndirected } from "./undirected.js";

// 0 → 1 twice (weights 1 and 3), 1 → 0 (2), 2 → 2 twice (5 and 1)
const multigraph = createGraph({ numNodes: 4, src: [0, 0, 1, 2, 2], dst: [1, 1, 0, 2, 2], weight: [1, 3, 2, 5, 1] });

describe("addSelfLoops", () => {
  it("gives a loop to nodes that have none, after the other edges", () => {
    expect(edgesOf(addSelfLoops(multigraph)).slice(5)).toEqual([[0, 0, 1], [1, 1, 1], [3, 3, 1]]);
    expect(edgesOf(addSelfLoops(multigraph, { weight: 2 })).slice(5)).toEqual([[0, 0, 2], [1, 1, 2], [3, 3, 2]]);
  });

  it("replaces loops, or adds to them, when asked", () => {
    expect(edgesOf(addSelfLoops(multigraph, { existingLoops: "replace" }))).toEqual([[0, 1, 1], [0, 1, 3], [1, 0, 2], [0, 0, 1], [1, 1, 1], [2, 2, 1], [3, 3, 1]]);
    expect(addSelfLoops(multigraph, { existingLoops: "add" }).numEdges).toBe(9);
  });

  it("leaves a graph without weights without, unless the loops weigh something else", () => {
    const path = createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2] });
    expect(addSelfLoops(path).weight).toBeUndefined();
    expect([...addSelfLoops(path, { weight: 2 }).weight!]).toEqual([1, 1, 2, 2, 2]);
  });

  it("is undone by removeSelfLoops where there were none, and keeps the batch", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const bare = removeSelfLoops(graph);
        expect(edgesOf(removeSelfLoops(addSelfLoops(bare)))).toEqual(edgesOf(bare));
      }),
    );
    const batch = createGraph({ numNodes: 2, src: [], dst: [], batch: [0, 1], numGraphs: 3 });
    expect(addSelfLoops(batch)).toMatchObject({ numEdges: 2, batch: batch.batch, numGraphs: 3 });
  });

  it("refuses other options", () => {
    expect(() => addSelfLoops(multigraph, { weight: NaN })).toThrow("addSelfLoops: weight must be finite, got NaN");
    expect(() => addSelfLoops(multigraph, { existingLoops: "drop" as "keep" })).toThrow('existingLoops must be "keep", "replace" or "add", got "drop"');
  });
});

describe("coalesce", () => {
  it("merges parallel edges by sum, mean or maximum, in order of source and destination", () => {
    expect(edgesOf(coalesce(multigraph))).toEqual([[0, 1, 4], [1, 0, 2], [2, 2, 6]]);
    expect(edgesOf(coalesce(multigraph, "mean"))).toEqual([[0, 1, 2], [1, 0, 2], [2, 2, 3]]);
    expect(edgesOf(coalesce(multigraph, "max"))).toEqual([[0, 1, 3], [1, 0, 2], [2, 2, 5]]);
  });

  it("leaves the adjacency matrix unchanged when summing, and no parallel edges", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const merged = coalesce(graph);
        expect(denseOf(merged)).toEqual(denseOf(graph));
        expect(new Set(edgesOf(merged).map(([src, dst]) => `${src} ${dst}`)).size).toBe(merged.numEdges);
        expect(edgesOf(coalesce(merged))).toEqual(edgesOf(merged));
      }),
    );
  });

  it("refuses another reduction", () => {
    expect(() => coalesce(multigraph, "min" as EdgeReduction)).toThrow('coalesce: reduce must be "sum", "mean" or "max", got "min"');
  });
});

describe("toUndirected", () => {
  it("has every edge both ways, at one weight", () => {
    expect(edgesOf(toUndirected(multigraph))).toEqual([[0, 1, 3], [1, 0, 3], [2, 2, 5]]);
    expect(edgesOf(toUndirected(multigraph, "sum"))).toEqual([[0, 1, 6], [1, 0, 6], [2, 2, 6]]);
    expect(edgesOf(toUndirected(multigraph, "mean"))).toEqual([[0, 1, 2], [1, 0, 2], [2, 2, 3]]);
    expect(() => toUndirected(multigraph, "min" as EdgeReduction)).toThrow("toUndirected: reduce");
  });

  it("is symmetric, and does nothing the second time", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const both = toUndirected(graph);
        const dense = denseOf(both);
        expect(dense).toEqual(dense[0]!.map((_, i) => dense.map((row) => row[i])));
        expect(edgesOf(toUndirected(both))).toEqual(edgesOf(both));
      }),
    );
  });
});

describe("reverse", () => {
  it("turns every edge around", () => {
    expect(edgesOf(reverse(multigraph))).toEqual([[1, 0, 1], [1, 0, 3], [0, 1, 2], [2, 2, 5], [2, 2, 1]]);
  });
});

describe("degrees", () => {
  it("counts edges into and out of every node, loops once and weights not at all", () => {
    expect([...degrees(multigraph, "in")]).toEqual([1, 2, 2, 0]);
    expect([...degrees(multigraph, "out")]).toEqual([2, 1, 2, 0]);
    expect(() => degrees(multigraph, "both" as "in")).toThrow('degrees: direction must be "in" or "out", got "both"');
  });
});

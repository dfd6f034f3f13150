import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyGraph, edgesOf } from "../graphs/graphs.fixture.js";
import { fromAdjacency, type AdjacencyJson } from "./adjacency.js";

const read = (json: unknown, options = {}) => edgesOf(fromAdjacency(json as AdjacencyJson, options).graph);

describe("fromAdjacency", () => {
  it("reads neighbours by name, those without an entry of their own too", () => {
    const { graph, nodeIds } = fromAdjacency({ a: ["b", "c"], b: ["b"] });
    expect(edgesOf(graph)).toEqual([[0, 1, 1], [0, 2, 1], [1, 1, 1]]);
    expect(nodeIds).toEqual(["a", "b", "c"]);
    expect(read({ a: ["b"], b: ["b"] }, { undirected: true })).toEqual([[0, 1, 1], [1, 0, 1], [1, 1, 1]]);
    expect(read({ "1": [0], "0": [1] })).toEqual([[0, 1, 1], [1, 0, 1]]);
  });

  it("reads weights, alone or among attributes", () => {
    expect(read({ a: { b: 2.5, c: 1 }, b: {}, c: {} })).toEqual([[0, 1, 2.5], [0, 2, 1]]);
    expect(read({ a: { b: { weight: 3, w: 4 } } })).toEqual([[0, 1, 3]]);
    expect(read({ a: { b: { weight: 3, w: 4 } } }, { weight: "w" })).toEqual([[0, 1, 4]]);
    expect(read([[{ id: 1, weight: 3 }], []])).toEqual([[0, 1, 3]]);
  });

  it("reads lists by position", () => {
    const { graph, nodeIds } = fromAdjacency([[1, 2], [0], []]);
    expect(edgesOf(graph)).toEqual([[0, 1, 1], [0, 2, 1], [1, 0, 1]]);
    expect([graph.numNodes, nodeIds]).toEqual([3, undefined]);
  });

  it("reads NetworkX's adjacency_data with attributes of nodes", () => {
    // json.dumps(nx.adjacency_data(g)), g a Graph: both ways are there
    const networkx = JSON.parse('{"directed": false, "multigraph": false, "graph": [], "nodes": [{"club": "x", "id": "p"}, {"club": "y", "id": 4}], "adjacency": [[{"weight": 2, "id": 4}], [{"weight": 2, "id": "p"}, {"id": 4}]]}') as AdjacencyJson;
    const data = fromAdjacency(networkx, { label: "club" });
    expect(edgesOf(data.graph)).toEqual([[0, 1, 2], [1, 0, 2], [1, 1, 1]]);
    expect(data).toMatchObject({ nodeIds: ["p", "4"], labels: Int32Array.of(0, 1), classNames: ["x", "y"] });
  });

  it("gives back any graph that was written down by position", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const lists: { id: number; weight: number }[][] = Array.from({ length: graph.numNodes }, () => []);
        for (const [src, id, weight] of edgesOf(graph)) lists[src]!.push({ id, weight });
        expect(read(lists)).toEqual(edgesOf(graph).sort(([a], [b]) => a - b));
      }),
    );
  });

  it("says which node is wrong", () => {
    expect(() => read([[1], [2]])).toThrow('fromAdjacency: node "1" has a neighbour 2, and there is no such node. In a list nodes are positions, 0 to 1');
    expect(() => read({ nodes: [{ id: "a" }], adjacency: [[{ id: "b" }]] })).toThrow('node "a" has a neighbour "b", and there is no such node');
    expect(() => read({ nodes: [{ id: "a" }], adjacency: [] })).toThrow("nodes and adjacency must be equally long, got 1 and 0");
    expect(() => read({ a: ["b", null] })).toThrow('the neighbours of node "a" must be ids or objects with an id, got null');
    expect(() => read({ a: 3 })).toThrow('the neighbours of node "a" must be a list or an object, got 3');
    expect(() => read({ a: { b: "2" } })).toThrow('the weight of an edge must be a number, got "2" from node "a" to "b"');
    expect(() => read({ a: { b: { weight: Infinity } } })).toThrow("must be finite");
    expect(() => read({})).toThrow("has no nodes");
    expect(() => read("a: b")).toThrow("the JSON must be an object or a list, got string. Parse it first.");
    expect(() => read(null)).toThrow("got null");
    expect(() => read({ a: [] }, { label: "club" })).toThrow('no node has the attribute "club". The nodes have none.');
  });
});

import { MultiGraph, UndirectedGraph } from "graphology";
import { karateClub } from "graphology-generators/social/index.js";
import { describe, expect, it } from "vitest";
import { edgesOf } from "../graphs/graphs.fixture.js";
import { fromGraphology, type GraphologyJson } from "./graphology.js";

describe("fromGraphology", () => {
  it("reads Zachary's karate club: 34 members, 78 ties, two halves of 17", () => {
    const { graph, labels, classNames, numClasses, nodeIds, features, numFeatures } = fromGraphology(karateClub(UndirectedGraph), { label: "club" });
    expect([graph.numNodes, graph.numEdges, numClasses, numFeatures, features]).toEqual([34, 156, 2, 0, undefined]);
    expect(classNames).toEqual(["Mr. Hi", "Officer"]);
    expect(labels!.reduce((sum, label) => sum + label, 0)).toBe(17);
    expect(nodeIds![33]).toBe("33");
    expect(labels![0]).toBe(0);
  });

  it("gives the same from the JSON export", () => {
    const club = karateClub(UndirectedGraph);
    const json = JSON.parse(JSON.stringify(club.export())) as GraphologyJson;
    const [direct, exported] = [fromGraphology(club, { label: "club" }), fromGraphology(json, { label: "club" })];
    expect(edgesOf(exported.graph)).toEqual(edgesOf(direct.graph));
    expect(exported.labels).toEqual(direct.labels);
  });

  it("reads mixed and parallel edges, loops, weights and features", () => {
    const mixed = new MultiGraph();
    mixed.addNode("a", { size: 1, at: [0.5, -1], old: true });
    mixed.addNode("b", { size: 2, at: [1, 2], old: false, kind: "x" });
    mixed.addDirectedEdge("a", "b", { weight: 2 });
    mixed.addDirectedEdge("a", "b");
    mixed.addUndirectedEdge("a", "b", { weight: 3 });
    mixed.addUndirectedEdge("b", "b");
    for (const source of [mixed, mixed.export() as GraphologyJson]) {
      const data = fromGraphology(source, { label: "kind", features: ["size", "at", "old"] });
      expect(edgesOf(data.graph)).toEqual([[0, 1, 2], [0, 1, 1], [0, 1, 3], [1, 0, 3], [1, 1, 1]]);
      expect([...data.features!]).toEqual([1, 0.5, -1, 1, 2, 1, 2, 0]);
      expect(data).toMatchObject({ numFeatures: 4, labels: Int32Array.of(-1, 0), nodeIds: ["a", "b"] });
    }
    expect(fromGraphology(mixed, { weight: "count" }).graph.weight).toBeUndefined();
  });

  it("says which node or edge is wrong", () => {
    const nodes = [{ key: "a", attributes: { x: 1, y: "red" } }, { key: "b", attributes: { x: NaN, y: {} } }];
    const read = (json: object, options = {}) => () => fromGraphology(json as GraphologyJson, options);
    expect(read({ nodes, edges: [{ key: "e", source: "a", target: "c" }] })).toThrow('edge "e" leads from "a" to "c", but there is no node "c"');
    expect(read({ nodes, edges: [{ source: "a", target: "b", attributes: { weight: "1" } }] })).toThrow('"weight" of edge "0" (a → b) is "1"');
    expect(read({ nodes, edges: [{ source: "a", target: "b", attributes: { weight: Infinity } }] })).toThrow("must be finite");
    expect(read({ nodes: [...nodes, nodes[0]], edges: [] })).toThrow('nodes must have different ids, but "a" is there twice');
    expect(read({ nodes, edges: [] }, { features: ["x"] })).toThrow('the feature "x" of node "b" is NaN');
    expect(read({ nodes, edges: [] }, { features: ["y"] })).toThrow('got "red" at node "a"');
    expect(read({ nodes, edges: [] }, { label: "y" })).toThrow('"y" of node "b" is {}');
    expect(read({ nodes, edges: [] }, { label: "x" })).toThrow('the label "x" of node "b" is NaN');
    expect(read({ nodes, edges: [] }, { label: "club" })).toThrow('no node has the attribute "club". The nodes have "x", "y".');
    expect(read({ nodes: [{ key: 1, attributes: { at: [1, 2] } }, { key: 2, attributes: { at: [1] } }], edges: [] }, { features: ["at"] })).toThrow('2 at node "1", 1 at node "2"');
    expect(read({ nodes: [], edges: [] })).toThrow("fromGraphology: the graph has no nodes");
    expect(read({ nodes: [], links: [] })).toThrow("For other JSON there are fromNodeLink and fromAdjacency");
    expect(read(undefined as unknown as object)).toThrow("must be a graphology graph");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGraph } from "../graph.js";
import { batchGraphs, selectGraphs, unbatchGraphs } from "./batch-graphs.js";
import { connectedComponents, largestComponent } from "./components.js";
import { anyGraph, denseOf, edgesOf } from "./graphs.fixture.js";
import { inducedSubgraph } from "./subgraph.js";

const triangle = createGraph({ numNodes: 3, src: [0, 1, 2], dst: [1, 2, 0] });
const heavy = createGraph({ numNodes: 2, src: [0], dst: [1], weight: [4] });
const alone = createGraph({ numNodes: 1, src: [], dst: [] });

describe("connectedComponents", () => {
  it("finds what hangs together, whichever way edges lead", () => {
    const graph = createGraph({ numNodes: 7, src: [6, 1, 2], dst: [1, 6, 4] });
    const { component, sizes } = connectedComponents(graph);
    expect([...component]).toEqual([0, 1, 2, 3, 2, 4, 1]);
    expect([...sizes]).toEqual([1, 2, 2, 1, 1]);
    expect([...largestComponent(graph).nodes]).toEqual([1, 6]);
    expect(edgesOf(largestComponent(graph).graph)).toEqual([[1, 0, 1], [0, 1, 1]]);
  });

  it("puts two nodes in one component exactly when a walk leads from one to the other", () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { component, sizes } = connectedComponents(graph);
        const reached = Array.from({ length: graph.numNodes }, (_, i) => Array.from({ length: graph.numNodes }, (__, j) => i === j));
        for (const [src, dst] of edgesOf(graph)) reached[src]![dst] = reached[dst]![src] = true;
        for (let k = 0; k < graph.numNodes; k++) for (let i = 0; i < graph.numNodes; i++) for (let j = 0; j < graph.numNodes; j++) if (reached[i]![k]! && reached[k]![j]!) reached[i]![j] = true;
        for (let i = 0; i < graph.numNodes; i++) for (let j = 0; j < graph.numNodes; j++) expect(component[i] === component[j]).toBe(reached[i]![j]);
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(graph.numNodes);
      }),
    );
  });

  it("goes through a path of a hundred thousand nodes", () => {
    const n = 100_000;
    const path = createGraph({ numNodes: n, src: new Int32Array(n - 1).map((_, i) => n - 1 - i), dst: new Int32Array(n - 1).map((_, i) => n - 2 - i) });
    expect([...connectedComponents(path).sizes]).toEqual([n]);
  });
});

describe("inducedSubgraph", () => {
  it("numbers the nodes as given and says where nodes and edges were", () => {
    const graph = createGraph({ numNodes: 4, src: [0, 1, 2, 3, 3], dst: [1, 2, 3, 0, 3], weight: [1, 2, 3, 4, 5] });
    const part = inducedSubgraph(graph, [3, 0, 1]);
    expect([...part.nodes]).toEqual([3, 0, 1]);
    expect([...part.edges]).toEqual([0, 3, 4]);
    expect(edgesOf(part.graph)).toEqual([[1, 2, 1], [0, 1, 4], [0, 0, 5]]);
  });

  it("has the rows and columns of the adjacency matrix", () => {
    const withNodes = anyGraph.chain((graph) => fc.tuple(fc.constant(graph), fc.uniqueArray(fc.nat(graph.numNodes - 1), { minLength: 1 })));
    fc.assert(
      fc.property(withNodes, ([graph, nodes]) => {
        const dense = denseOf(graph);
        expect(denseOf(inducedSubgraph(graph, nodes).graph)).toEqual(nodes.map((i) => nodes.map((j) => dense[i]![j])));
      }),
    );
  });

  it("leaves nodes of a batch in their graphs", () => {
    const { graph } = inducedSubgraph(batchGraphs([triangle, heavy, alone]), [5, 0, 1]);
    expect([...graph.batch!]).toEqual([2, 0, 0]);
    expect(graph.numGraphs).toBe(3);
  });

  it("refuses nodes that are none, twice the same, or no nodes", () => {
    expect(() => inducedSubgraph(triangle, [0, 3])).toThrow("inducedSubgraph: nodes must be whole numbers from 0 to 2, got 3 at position 1");
    expect(() => inducedSubgraph(triangle, [0.5])).toThrow("got 0.5 at position 0");
    expect(() => inducedSubgraph(triangle, [2, 0, 2])).toThrow("2 stands at positions 0 and 2");
    expect(() => inducedSubgraph(triangle, [])).toThrow("inducedSubgraph: nodes is empty");
  });
});

describe("batchGraphs", () => {
  it("puts graphs side by side, and unbatchGraphs takes them apart", () => {
    const batch = batchGraphs([triangle, heavy, alone]);
    expect(edgesOf(batch)).toEqual([[0, 1, 1], [1, 2, 1], [2, 0, 1], [3, 4, 4]]);
    expect([...batch.batch!]).toEqual([0, 0, 0, 1, 1, 2]);
    expect(batch.numGraphs).toBe(3);
    expect(batchGraphs([triangle, alone]).weight).toBeUndefined();

    const parts = unbatchGraphs(batch);
    expect(parts.map(({ graph }) => edgesOf(graph))).toEqual([edgesOf(triangle), edgesOf(heavy), []]);
    expect(parts.map(({ graph }) => [graph.batch, graph.numGraphs, graph.weight === undefined])).toEqual([[undefined, 1, true], [undefined, 1, false], [undefined, 1, true]]);
    expect(parts.map(({ nodes }) => [...nodes])).toEqual([[0, 1, 2], [3, 4], [5]]);
    expect(() => batchGraphs([])).toThrow("batchGraphs: there are no graphs");
  });

  it("counts the parts of batches, and is undone for any graphs", () => {
    expect([...batchGraphs([batchGraphs([heavy, alone]), triangle]).batch!]).toEqual([0, 0, 1, 2, 2, 2]);
    fc.assert(
      fc.property(fc.array(anyGraph, { minLength: 1, maxLength: 4 }), (graphs) => {
        expect(unbatchGraphs(batchGraphs(graphs)).map(({ graph }) => denseOf(graph))).toEqual(graphs.map(denseOf));
      }),
    );
  });
});

describe("selectGraphs", () => {
  it("takes graphs of a batch in the order given", () => {
    const { graph, nodes, edges } = selectGraphs(batchGraphs([triangle, heavy, alone]), [1, 0]);
    expect(edgesOf(graph)).toEqual([[0, 1, 4], [2, 3, 1], [3, 4, 1], [4, 2, 1]]);
    expect([...graph.batch!]).toEqual([0, 0, 1, 1, 1]);
    expect(graph.numGraphs).toBe(2);
    expect([...nodes]).toEqual([3, 4, 0, 1, 2]);
    expect([...edges]).toEqual([3, 0, 1, 2]);
  });

  it("finds its nodes where they stand in no order", () => {
    const mixed = createGraph({ numNodes: 4, src: [2, 1], dst: [0, 3], batch: [1, 0, 1, 0] });
    expect(selectGraphs(mixed, [1])).toMatchObject({ nodes: Int32Array.of(0, 2), edges: Int32Array.of(0) });
    expect(edgesOf(selectGraphs(mixed, [1]).graph)).toEqual([[1, 0, 1]]);
  });

  it("takes a graph that is no batch for one of one", () => {
    expect(edgesOf(selectGraphs(triangle, [0]).graph)).toEqual(edgesOf(triangle));
  });

  it("refuses graphs that are none, twice the same, or without nodes", () => {
    const empty = createGraph({ numNodes: 1, src: [], dst: [], batch: [0], numGraphs: 2 });
    expect(() => selectGraphs(empty, [2])).toThrow("selectGraphs: graphs must be whole numbers from 0 to 1, got 2");
    expect(() => selectGraphs(empty, [0, 0])).toThrow("must differ from each other");
    expect(() => selectGraphs(empty, [])).toThrow("selectGraphs: graphs is empty");
    expect(() => selectGraphs(empty, [1])).toThrow("selectGraphs: the graphs 1 have no nodes");
    expect(() => unbatchGraphs(empty)).toThrow("have no nodes");
  });
});

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { degrees } from "../graphs/degrees.js";
import { anyGraph, edgesOf } from "../graphs/graphs.fixture.js";
import { fromEdgeList } from "./edge-list.js";
import { fromNodeLink, type NodeLinkJson } from "./node-link.js";

const read = (text: string, options = {}) => edgesOf(fromEdgeList(text, options).graph);
const vega = (file: string) => readFileSync(join(createRequire(import.meta.url).resolve("vega-datasets"), "../../data", file));

describe("fromEdgeList", () => {
  it("reads blanks, tabs, commas and semicolons, with comments, weights and any line ends", () => {
    expect(read("# SNAP\n0 1\n\n  2\t 1  \n")).toEqual([[0, 1, 1], [2, 1, 1]]);
    expect(read("% KONECT\r\n0\t1\t0.5\r\n1\t2\t-2\r\n")).toEqual([[0, 1, 0.5], [1, 2, -2]]);
    expect(read("0, 1, 2.5\n1 ,0,1e-3")).toEqual([[0, 1, 2.5], [1, 0, 0.001]]);
    expect(read("0;1\n1;0")).toEqual([[0, 1, 1], [1, 0, 1]]);
    expect(read("0|1\n1|0", { separator: "|" })).toEqual([[0, 1, 1], [1, 0, 1]]);
    expect(read("0 1 17\n", { weight: false })).toEqual([[0, 1, 1]]);
  });

  it("takes numbers for nodes and numbers names as they come", () => {
    expect(fromEdgeList("0 5\n")).toMatchObject({ graph: { numNodes: 6 }, numFeatures: 0, numClasses: 0, numTargets: 0 });
    expect(fromEdgeList("0 5\n").nodeIds).toBeUndefined();
    expect(fromEdgeList("0 5\n", { numNodes: 9 }).graph.numNodes).toBe(9);
    expect(fromEdgeList("5 0\n", { ids: "names" })).toMatchObject({ graph: { src: Int32Array.of(0), dst: Int32Array.of(1) }, nodeIds: ["5", "0"] });
    expect(fromEdgeList("ä ß\nß x\n").nodeIds).toEqual(["ä", "ß", "x"]);
    expect(fromEdgeList("b,a\n", { nodeIds: ["a", "b", "c"] })).toMatchObject({ graph: { numNodes: 3, src: Int32Array.of(1), dst: Int32Array.of(0) }, nodeIds: ["a", "b", "c"] });
  });

  it("reads quoted fields", () => {
    expect(fromEdgeList('"Lyon, ""Perrache""",Nice,2\n"Nice" ,"Lyon, ""Perrache""",3\n')).toMatchObject({ nodeIds: ['Lyon, "Perrache"', "Nice"], graph: { src: Int32Array.of(0, 1), weight: Float64Array.of(2, 3) } });
  });

  it("finds a header, and columns by name", () => {
    const csv = "id,count,from,to\nx,3,a,b\ny,4,b,a\n";
    expect(read(csv, { source: "from", target: "to", weight: "count" })).toEqual([[0, 1, 3], [1, 0, 4]]);
    expect(read(csv, { source: "from", target: "to" })).toEqual([[0, 1, 1], [1, 0, 1]]);
    expect(read("a,b,count\nx,y,2\n")).toEqual([[0, 1, 2]]);
    expect(read("Source,Target\nx,y\n")).toEqual([[0, 1, 1]]);
    expect(read("person,friend\n0,1\n")).toEqual([[0, 1, 1]]);
    expect(fromEdgeList("a,b\nx,y\n").graph.numEdges).toBe(2);
    expect(fromEdgeList("a,b\nx,y\n", { header: true }).graph.numEdges).toBe(1);
    expect(fromEdgeList("from,to\nx,y\n", { header: false }).graph.numEdges).toBe(2);
  });

  it("adds ways back, and reads bytes with a byte order mark", () => {
    expect(read("0 1\n1 1\n", { undirected: true })).toEqual([[0, 1, 1], [1, 0, 1], [1, 1, 1]]);
    expect(fromEdgeList(Uint8Array.of(0xef, 0xbb, 0xbf, ...Buffer.from("a b")))).toMatchObject({ nodeIds: ["a", "b"] });
  });

  it("gives back any graph that was written down", () => {
    const weights = fc.double({ noNaN: true, noDefaultInfinity: true });
    const separators = fc.constantFrom(" ", "\t", ",", ";");
    fc.assert(
      fc.property(anyGraph, fc.infiniteStream(weights), separators, ({ numNodes, src, dst }, stream, separator) => {
        fc.pre(src.length > 0);
        const rows = Array.from(src, (node, e): [number, number, number] => [node, dst[e]!, stream.next().value as number]);
        const { graph } = fromEdgeList(rows.map((row) => row.join(separator)).join("\n"), { numNodes });
        expect(edgesOf(graph)).toEqual(rows.map(([a, b, weight]) => [a, b, weight === 0 ? expect.closeTo(0) : weight]));
      }),
    );
  });

  it("numbers any names as they come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: "grapheme", minLength: 1 }), fc.string({ unit: "grapheme", minLength: 1 })), { minLength: 1, maxLength: 60 }), (pairs) => {
        const clean = pairs.map((pair) => pair.map((name) => name.replaceAll(/[\r\n]/g, "_")));
        const quoted = clean.map((pair) => pair.map((name) => `"${name.replaceAll('"', '""')}"`).join(",")).join("\n");
        const { graph, nodeIds } = fromEdgeList(quoted, { header: false, ids: "names" });
        expect(nodeIds).toEqual([...new Set(clean.flat())]);
        expect(edgesOf(graph).map(([src, dst]) => [nodeIds![src], nodeIds![dst]])).toEqual(clean);
      }),
    );
  });

  it("numbers more names than its first table holds", () => {
    const names = Array.from({ length: 5000 }, (_, i) => `node with a long name ${i * i}`);
    expect(fromEdgeList(names.map((name) => `${name},${names[0]}`).join("\n")).nodeIds).toEqual(names);
  });

  it("reads the flights of vega-datasets: 305 airports, 5366 directed weighted edges", () => {
    const { graph, nodeIds } = fromEdgeList(vega("flights-airport.csv"));
    expect([graph.numNodes, graph.numEdges, nodeIds!.length]).toEqual([305, 5366, 305]);
    expect(edgesOf(graph)[0]).toEqual([nodeIds!.indexOf("ABE"), nodeIds!.indexOf("ATL"), 853]);
    expect(nodeIds![degrees(graph, "in").indexOf(Math.max(...degrees(graph, "in")))]).toBe("ATL");
  });

  it("names the line that it cannot read", () => {
    expect(() => read("0 1\n\n# c\n2\n")).toThrow('fromEdgeList: line 4 must have 2 fields as the first, got 1: "2"');
    expect(() => read("0 1\n2 x\n")).toThrow('ids must be whole numbers from 0 on, got "x" in line 2. Pass { ids: "names" }');
    expect(() => read("0 1\n2 -1\n")).toThrow('got "-1" in line 2');
    expect(() => read("0 9\n", { numNodes: 4 })).toThrow('ids must be whole numbers from 0 to 3, got "9"');
    expect(() => read("0 1 2\n0 1 x\n")).toThrow('the third column must be weights, finite numbers, got "x" in line 2. Pass { weight: false }');
    expect(() => read("0 1 2\n0 1 NaN\n")).toThrow(expect.objectContaining({ code: "NOT_FINITE", message: expect.stringContaining('line 2 must have finite numbers, got "NaN"') }));
    expect(() => read("a,b,w\na,b,\n", { weight: "w" })).toThrow('line 2 must have finite numbers, got ""');
    expect(() => read("a,b\na,c\n", { nodeIds: ["a", "b"] })).toThrow('line 2 has a node "c", which is not in nodeIds');
    expect(() => read("a,b\n", { nodeIds: ["a", "a"] })).toThrow('"a" is there twice');
    expect(() => read("a,\n", { weight: false })).toThrow("line 1 has an empty id");
    expect(() => read("a,b\nc,\"d\n")).toThrow("the quote in line 2 is not closed");
    expect(() => read('a,"b"c\n')).toThrow("a quoted field must end at its closing quote");
    expect(() => read("0 1\n", { weight: 2 })).toThrow("weight must be a column of the text, got 2. Its first line has 2 fields");
    expect(() => read("a,b\nc,d\n", { source: "from" })).toThrow('source must be a column of the text, got "from". Its columns are a, b.');
    expect(() => read("0,1", { separator: ", " })).toThrow("separator must be one character");
    expect(() => read("0 4000000\n")).toThrow('1 edges name nodes up to 4000000, so that nearly all of 4000001 nodes would be without edges. Pass { ids: "names" }');
    expect(() => read("# nothing\n")).toThrow(expect.objectContaining({ code: "INSUFFICIENT_DATA" }));
    expect(() => read("from,to\n")).toThrow("a header and no edges");
    expect(() => fromEdgeList(Uint8Array.of(0x1f, 0x8b, 8))).toThrow("is compressed (gzip)");
    expect(() => fromEdgeList(undefined as unknown as string)).toThrow("must be a string or a Uint8Array of its bytes, got undefined");
  });
});

describe("fromNodeLink", () => {
  it("reads Les Misérables as D3 has it: 77 nodes, 254 weighted edges, 11 groups", () => {
    const { graph, labels, numClasses, nodeIds } = fromNodeLink(JSON.parse(vega("miserables.json").toString()) as NodeLinkJson, { label: "group", weight: "value" });
    expect([graph.numNodes, graph.numEdges, numClasses, graph.weight!.length]).toEqual([77, 508, 11, 508]);
    const valjean = nodeIds!.indexOf("Valjean");
    expect([valjean, degrees(graph, "out")[valjean], labels!.length]).toEqual([11, 36, 77]);
  });

  it("reads NetworkX's, directed or not, with parallel edges, ids of any type, links or edges", () => {
    // json.dumps(nx.node_link_data(g, edges="edges")), g a MultiDiGraph
    const networkx = JSON.parse('{"directed": true, "multigraph": true, "graph": {}, "nodes": [{"kind": "a", "id": 7}, {"id": [0, 1]}, {"kind": "b", "id": "x"}], "edges": [{"weight": 2.5, "source": 7, "target": [0, 1], "key": 0}, {"source": 7, "target": [0, 1], "key": 1}, {"source": "x", "target": "x", "key": 0}]}') as NodeLinkJson;
    const { graph, labels, classNames, nodeIds } = fromNodeLink(networkx, { label: "kind" });
    expect(edgesOf(graph)).toEqual([[0, 1, 2.5], [0, 1, 1], [2, 2, 1]]);
    expect(nodeIds).toEqual(["7", "[0,1]", "x"]);
    expect([[...labels!], classNames]).toEqual([[0, -1, 1], ["a", "b"]]);
    expect(edgesOf(fromNodeLink({ ...networkx, directed: false }).graph)).toEqual([[0, 1, 2.5], [1, 0, 2.5], [0, 1, 1], [1, 0, 1], [2, 2, 1]]);
    expect(fromNodeLink(networkx, { undirected: true }).graph.numEdges).toBe(5);
  });

  it("finds nodes by name, by another attribute or by position", () => {
    const nodes = [{ name: "a", code: 4 }, { name: "b", code: 5 }];
    expect(fromNodeLink({ nodes, links: [{ source: "b", target: "a" }], directed: true })).toMatchObject({ graph: { src: Int32Array.of(1) }, nodeIds: ["a", "b"] });
    expect(fromNodeLink({ nodes, links: [{ source: 5, target: 4 }], directed: true }, { id: "code" })).toMatchObject({ graph: { src: Int32Array.of(1) }, nodeIds: ["4", "5"] });
    expect(fromNodeLink({ nodes: [{}, {}], links: [{ source: 1, target: 0 }], directed: true })).toMatchObject({ graph: { src: Int32Array.of(1) } });
  });

  it("says which node or edge is wrong", () => {
    const nodes = [{ id: "a" }, { id: "b" }];
    expect(() => fromNodeLink({ nodes, links: [{ source: "a", target: "c" }] })).toThrow('edge 0 leads from "a" to "c", but there is no node "c". Edges name nodes by their "id"');
    expect(() => fromNodeLink({ nodes: [{}, {}], links: [{ source: 0, target: 2 }] })).toThrow("Edges name nodes by their positions, 0 to 1");
    expect(() => fromNodeLink({ nodes: [{ id: 1 }, {}], links: [] })).toThrow('node 1 has no "id"');
    expect(() => fromNodeLink({ nodes: [{ id: 1 }, { id: 1 }], links: [] })).toThrow("nodes must have different ids, but 1 is there twice");
    expect(() => fromNodeLink({ nodes, links: [{ source: "a", target: "b", weight: NaN }] })).toThrow('"weight" of edge 0 (a → b) is NaN');
    expect(() => fromNodeLink({ nodes: [], links: [] })).toThrow("has no nodes");
    expect(() => fromNodeLink([] as unknown as NodeLinkJson)).toThrow("fromNodeLink: the JSON must be an object with lists of nodes and of links");
  });
});

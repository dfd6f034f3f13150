import { describe, expect, it } from "vitest";
import { edgesOf } from "../graphs/graphs.fixture.js";
import { selectGraphs } from "../graphs/batch-graphs.js";
import { fromOGB } from "./ogb.js";
import { fromPlanetoid } from "./planetoid.js";
import { fromTU } from "./tu.js";

describe("fromPlanetoid", () => {
  const content = "31336\t0\t1\t0\tNeural_Networks\n1061127\t1\t1\t0\tRule_Learning\n10531\t0\t0\t1\tNeural_Networks\n";
  const cites = "31336\t1061127\n1061127\t31336\n10531\t31336\n";

  it("reads papers with words and class, and citations both ways", () => {
    const data = fromPlanetoid({ "cora/cora.content": content, "cora/cora.cites": cites });
    expect(edgesOf(data.graph)).toEqual([[0, 1, 1], [0, 2, 1], [1, 0, 1], [2, 0, 1]]);
    expect(data).toMatchObject({ numFeatures: 3, features: Float32Array.of(0, 1, 0, 1, 1, 0, 0, 0, 1), labels: Int32Array.of(0, 1, 0), classNames: ["Neural_Networks", "Rule_Learning"], numClasses: 2, nodeIds: ["31336", "1061127", "10531"] });
  });

  it("reads citations as they are, from the citing paper", () => {
    expect(edgesOf(fromPlanetoid({ "cora.content": content, "cora.cites": cites }, { undirected: false }).graph)).toEqual([[1, 0, 1], [0, 1, 1], [0, 2, 1]]);
  });

  it("names file and line of what is wrong, and leaves unknown papers out when told", () => {
    const read = (papers: string, links = cites, options = {}) => () => fromPlanetoid({ "cora.content": papers, "cora.cites": links }, options);
    expect(read(content, `${cites}7\t31336\n`)).toThrow('fromPlanetoid: line 4 of cora.cites has the paper "7", which has no line among the papers');
    expect(read(content, `${cites}7\t31336\n`, { unknown: "drop" })().graph.numEdges).toBe(4);
    expect(read(content, "31336\n")).toThrow("line 1 of cora.cites must have two ids");
    expect(read(`${content}9\t1\tTheory\n`)).toThrow("line 4 of cora.content must have 5 fields as the first, got 3");
    expect(read(content.replace("1\t1\t0", "1\tx\t0"))).toThrow('line 2 of cora.content must have finite numbers, got "x"');
    expect(read(content + content)).toThrow('"31336" is there twice');
    expect(read("")).toThrow("cora.content is empty");
    expect(read("1\n")).toThrow("must have an id, features and a class");
    expect(() => fromPlanetoid({ "cora.content": content })).toThrow("there is no file cites. Got cora.content.");
  });
});

describe("fromOGB", () => {
  const molecules = {
    "raw/edge.csv.gz": "0,1\n1,2\n0,1\n",
    "raw/num-node-list.csv.gz": "3\n2\n",
    "raw/num-edge-list.csv.gz": "2\n1\n",
    "raw/node-feat.csv.gz": "5,0.5\n6,1\n7,-1\n5,2\n8,1e-3\n",
    "raw/graph-label.csv.gz": "1\n0\n",
    "split/scaffold/train.csv.gz": "1\n",
    "split/scaffold/valid.csv.gz": "0\n",
  };

  it("reads many graphs as a batch, their nodes being numbered within each", () => {
    const data = fromOGB(molecules, { undirected: true });
    expect(edgesOf(data.graph)).toEqual([[0, 1, 1], [1, 2, 1], [3, 4, 1], [1, 0, 1], [2, 1, 1], [4, 3, 1]]);
    expect([...data.graph.batch!]).toEqual([0, 0, 0, 1, 1]);
    expect(data).toMatchObject({ numFeatures: 2, features: Float32Array.of(5, 0.5, 6, 1, 7, -1, 5, 2, 8, 1e-3), graphLabels: Int32Array.of(1, 0), numClasses: 2, splits: { train: Int32Array.of(1), validation: Int32Array.of(0), test: new Int32Array() } });
    expect([...selectGraphs(data.graph, data.splits!.train).nodes]).toEqual([3, 4]);
  });

  it("reads one graph with classes of nodes, unknown ones as -1, and weights", () => {
    const data = fromOGB({ "edge.csv": "0,1\n", "num-node-list.csv": "3\n", "num-edge-list.csv": "1\n", "edge_weight.csv": "4\n", "node-label.csv": "2\nnan\n0.0\n", "train.csv": "2\n", "test.csv": "0\n" });
    expect(edgesOf(data.graph)).toEqual([[0, 1, 4]]);
    expect(data).toMatchObject({ graph: { numGraphs: 1 }, labels: Int32Array.of(2, -1, 0), numClasses: 3, splits: { train: Int32Array.of(2), validation: new Int32Array(), test: Int32Array.of(0) } });
    expect(data.features).toBeUndefined();
  });

  it("reads several tasks as targets", () => {
    const data = fromOGB({ ...molecules, "raw/graph-label.csv.gz": "1,,0\n0,1,nan\n" });
    expect(data).toMatchObject({ targets: Float32Array.of(1, NaN, 0, 0, 1, NaN), numTargets: 3, numClasses: 0 });
    expect(fromOGB({ "num-node-list.csv": "1\n", "num-edge-list.csv": "0\n" }).graph.numEdges).toBe(0);
  });

  it("names file and line of what is wrong", () => {
    const read = (files: object) => () => fromOGB({ ...molecules, ...files });
    expect(read({ "raw/edge.csv.gz": "0,1\n1,2\n0,2\n" })).toThrow("fromOGB: edge 2 of edge.csv must be between nodes 0 to 1 of graph 1, got 0, 2");
    expect(read({ "raw/edge.csv.gz": "0,1\n1,2\n" })).toThrow("edge.csv must have 3 lines, one for each edge that num-edge-list.csv counts, got 2");
    expect(read({ "raw/edge.csv.gz": "0,1\n1\n0,1\n" })).toThrow("line 2 of edge.csv must have 2 fields, got 1");
    expect(read({ "raw/edge.csv.gz": "0,1\n1,2.5\n0,1\n" })).toThrow('line 2 of edge.csv must have whole numbers, got "2.5"');
    expect(read({ "raw/node-feat.csv.gz": "1,2\n3\n" })).toThrow("line 2 of node-feat.csv must have 2 fields as the first, got 1");
    expect(read({ "raw/node-feat.csv.gz": "1\n2\nnan\n4\n5\n" })).toThrow(expect.objectContaining({ code: "NOT_FINITE", message: expect.stringContaining('line 3 of node-feat.csv must have finite numbers, got "nan"') }));
    expect(read({ "raw/graph-label.csv.gz": "-3\n0\n" })).toThrow("classes in graph-label.csv must be whole numbers from 0 on, or -1 or nan for unknown, got -3 for row 0");
    expect(read({ "raw/num-edge-list.csv.gz": "3\n" })).toThrow("num-edge-list.csv must have 2 lines, one for each graph, got 1");
    expect(read({ "raw/num-node-list.csv.gz": "3\n-2\n" })).toThrow("must not be negative, got -2 for graph 1");
    expect(read({ "split/scaffold/train.csv.gz": "2\n" })).toThrow("train.csv must have numbers from 0 to 1, got 2 at position 0");
    expect(read({ "split/random/train.csv": "0\n" })).toThrow("only one file may be called train.csv, got split/scaffold/train.csv.gz and split/random/train.csv");
    expect(read({ "raw/edge.csv.gz": Uint8Array.of(0x1f, 0x8b) })).toThrow("edge.csv is compressed (gzip)");
    expect(read({ "raw/num-node-list.csv.gz": "" })).toThrow("num-node-list.csv is empty");
    expect(() => fromOGB({ "edge.csv": "" })).toThrow("there is no file num-node-list.csv. Got edge.csv.");
  });
});

describe("fromTU", () => {
  const files = {
    "DS/DS_A.txt": "1, 2\n2, 1\n3, 4\n4, 3\n",
    "DS/DS_graph_indicator.txt": "1\n1\n2\n2\n3\n",
    "DS/DS_graph_labels.txt": "1\n-1\n1\n",
    "DS/DS_node_labels.txt": "0\n3\n3\n7\n0\n",
    "DS/DS_node_attributes.txt": "0.5, 1\n1.5, 2\n2.5, 3\n3.5, 4\n4.5, 5\n",
    "DS/DS_edge_labels.txt": "0\n0\n1\n1\n",
  };

  it("reads many graphs, counted from 1, with attributes and then labels as features", () => {
    const data = fromTU(files);
    expect(edgesOf(data.graph)).toEqual([[0, 1, 1], [1, 0, 1], [2, 3, 1], [3, 2, 1]]);
    expect([...data.graph.batch!]).toEqual([0, 0, 1, 1, 2]);
    expect(data).toMatchObject({ graphLabels: Int32Array.of(1, 0, 1), classNames: ["-1", "1"], numClasses: 2, numFeatures: 5 });
    expect([...data.features!]).toEqual([0.5, 1, 1, 0, 0, 1.5, 2, 0, 1, 0, 2.5, 3, 0, 1, 0, 3.5, 4, 0, 0, 1, 4.5, 5, 1, 0, 0]);
  });

  it("reads data sets without features, and targets of graphs", () => {
    const data = fromTU({ "DS_A.txt": "1, 2\n", "DS_graph_indicator.txt": "1\n1\n", "DS_graph_attributes.txt": "0.25, 4\n" });
    expect(data).toMatchObject({ graph: { numGraphs: 1 }, numFeatures: 0, targets: Float32Array.of(0.25, 4), numTargets: 2, numClasses: 0 });
    expect(fromTU({ "DS_A.txt": "1, 2\n", "DS_graph_indicator.txt": "1\n1\n2\n" }).graph.numGraphs).toBe(2);
  });

  it("names file and line of what is wrong", () => {
    const read = (other: object) => () => fromTU({ ...files, ...other });
    expect(read({ "DS/DS_A.txt": "1, 2\n0, 1\n" })).toThrow("fromTU: A.txt must have nodes from 1 to 5, got 0, 1 in line 2");
    expect(read({ "DS/DS_A.txt": "1, 2\n2, 3\n" })).toThrow("line 2 of A.txt leads from node 2 in graph 1 to node 3 in graph 2");
    expect(read({ "DS/DS_graph_indicator.txt": "1\n1\n2\n2\n4\n" })).toThrow("graph_indicator.txt must have graphs from 1 to 3, got 4 in line 5");
    expect(read({ "DS/DS_node_labels.txt": "0\n" })).toThrow("DS_node_labels.txt must have 5 lines, one for each node, got 1");
    expect(read({ "DS/DS_node_attributes.txt": "0.5, 1\n1.5\n" })).toThrow("line 2 of DS_node_attributes.txt must have 2 fields as the first, got 1");
    expect(read({ "DS/DS_graph_labels.txt": "1\nyes\n1\n" })).toThrow('line 2 of DS_graph_labels.txt must have finite numbers, got "yes"');
    expect(read({ "DS/DS_graph_attributes.txt": "1\n" })).toThrow("DS_graph_attributes.txt must have 3 lines, one for each graph, got 1");
    expect(() => fromTU({ "DS_graph_indicator.txt": "1\n" })).toThrow("there is no file A.txt. Got DS_graph_indicator.txt.");
  });
});

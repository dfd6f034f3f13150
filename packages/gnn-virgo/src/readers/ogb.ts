// Folders of the Open Graph Benchmark (ogb.stanford.edu): CSV without headers, for one graph or many.
import { createGraph } from "../graph.js";
import { malformed } from "./errors.js";
import { graphData, type GraphData, type Splits } from "./graph-data.js";
import { predicted } from "./predicted.js";
import { findFile, requireFile, type TextFiles } from "./text-files.js";
import { numberTable, type NumberTable, type NumberTableOptions } from "./text-table.js";

export interface OGBOptions {
  /** Adds the way back of every edge that is no self-loop: for data sets whose `add_inverse_edge` is true (products, proteins, the molecules). Default false. */
  readonly undirected?: boolean;
}

/**
 * A data set of OGB from its files: `edge.csv`, `num-node-list.csv`, `num-edge-list.csv`, and if there are such `node-feat.csv`,
 * `edge_weight.csv`, `node-label.csv` or `graph-label.csv`, `train.csv`, `valid.csv` and `test.csv` of one split. Several graphs come
 * as a batch. One column of whole numbers is read as classes; other numbers, or several columns, become `targets`.
 *
 * @throws {WarmstartError} INVALID_OPTION, with file and line, for fields that are no numbers, ragged rows, files that do not fit
 *   each other, nodes out of range; NOT_FINITE for features that are not; INSUFFICIENT_DATA for missing or empty files.
 *
 * @example
 * const { graph, features, numFeatures, labels, splits } = fromOGB({ "edge.csv": edges, "node-feat.csv": feat, … });
 */
export function fromOGB(files: TextFiles, { undirected = false }: OGBOptions = {}): GraphData {
  const nodesOf = table(files, "num-node-list.csv", { columns: 1, whole: true });
  const numGraphs = nodesOf.rows;
  const edgesOf = table(files, "num-edge-list.csv", { columns: 1, whole: true, rows: { count: numGraphs, of: "graph" } });
  const [numNodes, numEdges] = [sum(nodesOf), sum(edgesOf)];
  const { src, dst } = numEdges === 0 ? { src: new Int32Array(), dst: new Int32Array() } : edges(files, nodesOf, edgesOf, numEdges);
  const rows = { count: numNodes, of: "node" };
  const file = findFile(reader, files, "node-feat.csv");
  const features = file && numberTable(reader, file.text, file.name, Float32Array, { rows });
  const weight = optional(files, "edge_weight.csv", { rows: { count: numEdges, of: "edge" }, columns: 1 });
  const batch = numGraphs === 1 ? {} : { batch: batchOf(nodesOf, numNodes), numGraphs };
  return graphData({
    graph: createGraph({ numNodes, src, dst, undirected, ...(weight === undefined ? {} : { weight: weight.values }), ...batch }),
    ...(features === undefined ? {} : { features: features.values, numFeatures: features.columns }),
    ...answers(files, "node-label.csv", "nodes", numNodes),
    ...answers(files, "graph-label.csv", "graphs", numGraphs),
    splits: splits(files, findFile(reader, files, "node-label.csv") === undefined && numGraphs > 1 ? numGraphs : numNodes),
  });
}

const reader = "fromOGB";

function table(files: TextFiles, ending: string, options: NumberTableOptions): NumberTable {
  const { name, text } = requireFile(reader, files, ending);
  return numberTable(reader, text, name, Float64Array, options);
}

const optional = (files: TextFiles, ending: string, options: NumberTableOptions): NumberTable | undefined => (findFile(reader, files, ending) === undefined ? undefined : table(files, ending, options));

function sum({ values }: NumberTable): number {
  const wrong = values.findIndex((count) => count < 0);
  if (wrong >= 0) throw malformed(reader, `numbers of nodes and edges must not be negative, got ${values[wrong]} for graph ${wrong}.`, { graph: wrong });
  return values.reduce((total, count) => total + count, 0);
}

/** Nodes are numbered within their graph in the file, and through all graphs here. */
function edges(files: TextFiles, nodesOf: NumberTable, edgesOf: NumberTable, numEdges: number): { src: Int32Array; dst: Int32Array } {
  const { values } = table(files, "edge.csv", { columns: 2, whole: true, rows: { count: numEdges, of: "edge that num-edge-list.csv counts" } });
  const [src, dst] = [new Int32Array(numEdges), new Int32Array(numEdges)];
  let [e, firstNode] = [0, 0];
  for (let graph = 0; graph < nodesOf.rows; graph++) {
    const nodes = nodesOf.values[graph]!;
    for (const end = e + edgesOf.values[graph]!; e < end; e++) {
      for (const node of [values[2 * e]!, values[2 * e + 1]!]) if (node < 0 || node >= nodes) throw malformed(reader, `edge ${e} of edge.csv must be between nodes 0 to ${nodes - 1} of graph ${graph}, got ${values[2 * e]}, ${values[2 * e + 1]}.`, { edge: e, graph });
      src[e] = firstNode + values[2 * e]!;
      dst[e] = firstNode + values[2 * e + 1]!;
    }
    firstNode += nodes;
  }
  return { src, dst };
}

function batchOf({ values }: NumberTable, numNodes: number): Int32Array {
  const batch = new Int32Array(numNodes);
  let node = 0;
  for (let graph = 0; graph < values.length; graph++) {
    batch.fill(graph, node, node + values[graph]!);
    node += values[graph]!;
  }
  return batch;
}

function answers(files: TextFiles, ending: string, of: "nodes" | "graphs", count: number): Partial<GraphData> {
  const answer = optional(files, ending, { rows: { count, of: of === "nodes" ? "node" : "graph" }, missing: true });
  return answer === undefined ? {} : predicted(answer.values, answer.columns, of, (row) => malformed(reader, `classes in ${ending} must be whole numbers from 0 on, or -1 or nan for unknown, got ${answer.values[row]} for row ${row}.`, { row }));
}

function splits(files: TextFiles, count: number): Splits | undefined {
  const [train, validation, test] = ["train.csv", "valid.csv", "test.csv"].map((ending) => {
    const part = optional(files, ending, { columns: 1, whole: true });
    part?.values.forEach((index, i) => {
      if (index < 0 || index >= count) throw malformed(reader, `${ending} must have numbers from 0 to ${count - 1}, got ${index} at position ${i}.`, { position: i });
    });
    return part === undefined ? undefined : new Int32Array(part.values);
  });
  return train === undefined && validation === undefined && test === undefined ? undefined : { train: train ?? new Int32Array(), validation: validation ?? new Int32Array(), test: test ?? new Int32Array() };
}

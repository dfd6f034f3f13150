// Data sets of TU Dortmund (graphlearning.io): many graphs in one folder, counted from 1.
import { createGraph } from "../graph.js";
import { classesOf } from "./classes.js";
import { malformed } from "./errors.js";
import { graphData, type GraphData } from "./graph-data.js";
import { findFile, requireFile, type TextFiles } from "./text-files.js";
import { numberTable, type NumberTable, type NumberTableOptions } from "./text-table.js";

/**
 * A TU data set from its files, `{ "MUTAG_A.txt": text, "MUTAG_graph_indicator.txt": text, … }`, as one batch: `graphLabels` from
 * `_graph_labels.txt`, `targets` from `_graph_attributes.txt`, and `features` as PyG has them, `_node_attributes.txt` and then a column
 * for each value of `_node_labels.txt`. Without either there are no features (`degrees` makes some). Files about edges other than `_A.txt` are not read.
 * Edges are taken as they are, both ways being listed in these data sets.
 *
 * @throws {WarmstartError} INVALID_OPTION, with file and line, for fields that are no numbers, ragged rows, files that do not fit
 *   each other, nodes out of range, an edge between two graphs; NOT_FINITE; INSUFFICIENT_DATA for missing or empty files.
 *
 * @example
 * const { graph, features, graphLabels, numClasses } = fromTU(files);
 */
export function fromTU(files: TextFiles): GraphData {
  const indicator = required(files, "graph_indicator.txt", { columns: 1, whole: true });
  const numNodes = indicator.rows;
  const labels = optional(files, "graph_labels.txt", { columns: 1 });
  const attributes = optional(files, "graph_attributes.txt", labels === undefined ? {} : { rows: { count: labels.rows, of: "graph" } });
  const numGraphs = labels?.rows ?? attributes?.rows ?? indicator.values.reduce((most, graph) => Math.max(most, graph), 0);
  for (let node = 0; node < numNodes; node++) {
    const graph = indicator.values[node]!;
    if (graph < 1 || graph > numGraphs) throw malformed(reader, `graph_indicator.txt must have graphs from 1 to ${numGraphs}, got ${graph} in line ${node + 1}.`, { line: node + 1 });
  }
  const batch = new Int32Array(numNodes).map((_, node) => indicator.values[node]! - 1);
  return graphData({
    graph: createGraph({ numNodes, ...edges(files, batch), batch, numGraphs }),
    ...features(files, numNodes),
    ...(labels === undefined ? {} : graphLabels(labels)),
    ...(attributes === undefined ? {} : { targets: new Float32Array(attributes.values), numTargets: attributes.columns }),
  });
}

const reader = "fromTU";

function required(files: TextFiles, ending: string, options: NumberTableOptions): NumberTable {
  const { name, text } = requireFile(reader, files, ending);
  return numberTable(reader, text, name, Float64Array, options);
}

const optional = (files: TextFiles, ending: string, options: NumberTableOptions): NumberTable | undefined => (findFile(reader, files, ending) === undefined ? undefined : required(files, ending, options));

function edges(files: TextFiles, batch: Int32Array): { src: Int32Array; dst: Int32Array } {
  const { values, rows } = required(files, "A.txt", { columns: 2, whole: true });
  const [src, dst] = [new Int32Array(rows), new Int32Array(rows)];
  for (let e = 0; e < rows; e++) {
    const [from, to] = [values[2 * e]! - 1, values[2 * e + 1]! - 1];
    if (Math.min(from, to) < 0 || Math.max(from, to) >= batch.length) throw malformed(reader, `A.txt must have nodes from 1 to ${batch.length}, got ${from + 1}, ${to + 1} in line ${e + 1}.`, { line: e + 1 });
    if (batch[from] !== batch[to]) throw malformed(reader, `an edge must stay in one graph, but line ${e + 1} of A.txt leads from node ${from + 1} in graph ${batch[from]! + 1} to node ${to + 1} in graph ${batch[to]! + 1}.`, { line: e + 1 });
    [src[e], dst[e]] = [from, to];
  }
  return { src, dst };
}

function graphLabels({ values }: NumberTable): Partial<GraphData> {
  const { labels, ...classes } = classesOf(Array.from(values));
  return { graphLabels: labels, ...classes };
}

function features(files: TextFiles, numNodes: number): Partial<GraphData> {
  const rows = { count: numNodes, of: "node" };
  const attributes = optional(files, "node_attributes.txt", { rows });
  const labels = optional(files, "node_labels.txt", { rows, whole: true });
  if (attributes === undefined && labels === undefined) return {};
  const columns = Array.from({ length: labels?.columns ?? 0 }, (_, k) => classesOf(Array.from({ length: numNodes }, (__, node) => labels!.values[node * labels!.columns + k]!)));
  const own = attributes?.columns ?? 0;
  const numFeatures = own + columns.reduce((total, { numClasses }) => total + numClasses, 0);
  const values = new Float32Array(numNodes * numFeatures);
  for (let node = 0; node < numNodes; node++) {
    if (attributes !== undefined) values.set(attributes.values.subarray(node * own, (node + 1) * own), node * numFeatures);
    let first = node * numFeatures + own;
    for (const column of columns) {
      values[first + column.labels[node]!] = 1;
      first += column.numClasses;
    }
  }
  return { features: values, numFeatures };
}

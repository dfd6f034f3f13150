// Arrays as torch_geometric's `Data` and DGL have them.
import { createGraph, type Numbers } from "../graph.js";
import { incomplete, malformed, notFinite } from "./errors.js";
import { graphData, type GraphData, type Splits } from "./graph-data.js";
import { predicted } from "./predicted.js";

/** Rows of numbers, nested, or one after another in one array. */
export type NumberRows = Numbers | readonly Numbers[];

/** The parts of a `torch_geometric.data.Data` under their names there. Of DGL: `edge_index: [src, dst]`, `x: ndata.feat`, `y: ndata.label`. */
export interface PyGData {
  /** `"2 edges"`, sources and then destinations: two arrays, or both one after the other in one. */
  readonly edge_index: readonly [Numbers, Numbers] | NumberRows;
  /** `"edges"` */
  readonly edge_weight?: Numbers | null;
  /** `"nodes features"` */
  readonly x?: NumberRows | null;
  /** `"nodes"` or `"graphs"`: classes, whole numbers from 0 on, -1 for unknown; other numbers, or several a row, become `targets`. */
  readonly y?: NumberRows | null;
  /** Default: the number of rows of a nested `x`, or of `batch`, or one more than the largest node of an edge. */
  readonly num_nodes?: number | null;
  /** The graph that each node is in. */
  readonly batch?: Numbers | null;
  /** True, or 1, for the nodes to train on. */
  readonly train_mask?: ArrayLike<boolean | number> | null;
  readonly val_mask?: ArrayLike<boolean | number> | null;
  readonly test_mask?: ArrayLike<boolean | number> | null;
}

/**
 * A graph from the arrays of PyG or DGL. Edges are taken as they are: undirected graphs have both ways there already.
 *
 * @throws {WarmstartError} INVALID_OPTION, with the position, for ragged rows, lengths that do not fit, nodes out of range;
 *   NOT_FINITE for features and weights that are not; INSUFFICIENT_DATA for no nodes.
 *
 * @example
 * const { graph, features, numFeatures, labels, splits } = fromPyG(JSON.parse(text)); // json.dump({k: v.tolist() for k, v in data.to_dict().items()}, f)
 */
export function fromPyG(data: PyGData): GraphData {
  if (data?.edge_index === undefined || data.edge_index === null) throw malformed(reader, "edge_index is missing. Give [sources, destinations].");
  const [src, dst] = edgeEnds(data.edge_index);
  const numNodes = data.num_nodes ?? (isNested(data.x) ? data.x.length : (data.batch?.length ?? largest(src, dst) + 1));
  if (numNodes === 0) throw incomplete(reader, "the graph has no nodes. Give num_nodes when there are no edges.");
  for (let e = 0; e < (data.edge_weight?.length ?? 0); e++) if (!Number.isFinite(data.edge_weight![e])) throw notFinite(reader, `edge_weight must be finite, got ${data.edge_weight![e]} at edge ${e}.`, { edge: e });
  const graph = createGraph({ numNodes, src, dst, ...(data.edge_weight ? { weight: data.edge_weight } : {}), ...(data.batch ? { batch: data.batch } : {}) });
  const x = data.x ? rowsOf("x", data.x, numNodes) : undefined;
  for (let i = 0; i < (x?.values.length ?? 0); i++) if (!Number.isFinite(x!.values[i])) throw notFinite(reader, `x must be finite, got ${x!.values[i]} at node ${Math.floor(i / x!.columns)}, feature ${i % x!.columns}.`, { node: Math.floor(i / x!.columns) });
  return graphData({ graph, ...(x === undefined ? {} : { features: new Float32Array(x.values), numFeatures: x.columns }), ...(data.y ? answers(data.y, numNodes, graph.numGraphs) : {}), splits: splitsOf(data, numNodes) });
}

const reader = "fromPyG";
const isNested = (rows: NumberRows | null | undefined): rows is readonly Numbers[] => rows !== null && rows !== undefined && typeof rows[0] === "object";

function edgeEnds(index: NumberRows): [Numbers, Numbers] {
  if (isNested(index)) {
    if (index.length !== 2) throw malformed(reader, `edge_index must be [sources, destinations], got ${index.length} lists. Transpose a list of pairs.`, { lists: index.length });
    return [index[0]!, index[1]!];
  }
  const flat = index as Numbers;
  if (flat.length % 2 === 1) throw malformed(reader, `edge_index must hold as many destinations as sources, got ${flat.length} numbers.`, { length: flat.length });
  const half = (begin: number) => Int32Array.from({ length: flat.length / 2 }, (_, e) => flat[begin + e]!);
  return [half(0), half(flat.length / 2)];
}

function largest(...lists: readonly Numbers[]): number {
  let most = -1;
  for (const list of lists) for (let e = 0; e < list.length; e++) most = Math.max(most, list[e]!);
  return most;
}

/** Rows as one array. */
function rowsOf(name: string, rows: NumberRows, count: number): { values: Numbers; columns: number } {
  if (!isNested(rows)) {
    if (rows.length % count !== 0) throw malformed(reader, `${name} must have a row for each of ${count}, got ${rows.length} numbers.`, { name, length: rows.length });
    return { values: rows as Numbers, columns: rows.length / count };
  }
  if (rows.length !== count) throw malformed(reader, `${name} must have ${count} rows, got ${rows.length}.`, { name, rows: rows.length });
  const columns = rows[0]!.length;
  const values = new Float64Array(count * columns);
  for (const [i, row] of rows.entries()) {
    if (row.length !== columns) throw malformed(reader, `all rows of ${name} must have ${columns} numbers as the first, got ${row.length} in row ${i}.`, { name, row: i });
    values.set(row, i * columns);
  }
  return { values, columns };
}

/** `y`, of the nodes when there is a row for each, else of the graphs. */
function answers(y: NumberRows, numNodes: number, numGraphs: number): Partial<GraphData> {
  const ofNodes = y.length === numNodes || (!isNested(y) && y.length !== numGraphs && y.length % numNodes === 0);
  if (!ofNodes && y.length % numGraphs !== 0) throw malformed(reader, `y must have an entry for each of ${numNodes} nodes or of ${numGraphs} graphs, got ${y.length}.`, { length: y.length });
  const { values, columns } = rowsOf("y", y, ofNodes ? numNodes : numGraphs);
  return predicted(values, columns, ofNodes ? "nodes" : "graphs", (row) => malformed(reader, `classes in y must be whole numbers from 0 on, or -1 for unknown, got ${values[row]} at position ${row}.`, { position: row }));
}

function splitsOf({ train_mask: train, val_mask: validation, test_mask: test }: PyGData, numNodes: number): Splits | undefined {
  if (!train && !validation && !test) return undefined;
  const chosen = (name: string, mask: ArrayLike<boolean | number> | null | undefined): Int32Array => {
    if (!mask) return new Int32Array(0);
    if (mask.length !== numNodes || typeof mask[0] === "object") throw malformed(reader, `${name} must have an entry for each of ${numNodes} nodes, got ${typeof mask[0] === "object" ? "lists" : mask.length}. Of several splits take one column.`, { name });
    return Int32Array.from(Array.from(mask, (inside, node) => (inside ? node : -1)).filter((node) => node >= 0));
  };
  return { train: chosen("train_mask", train), validation: chosen("val_mask", validation), test: chosen("test_mask", test) };
}

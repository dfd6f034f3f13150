// Propagation operators: the matrix P by which a graph layer multiplies, P[i, j] being what node i takes of node j.
import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "./graph.js";
import { sparseMatrix, type SparseMatrix } from "./sparse-matrix.js";

/**
 * - `gcn`: edges divided by the roots of the degrees at both ends (Kipf & Welling 2017);
 * - `mean`: rows divided by their sums; the mean of no neighbours is 0;
 * - `sum`: A + (1 + ε) I (GIN, Xu et al. 2019);
 * - `vpa`: rows divided by the roots of their sums, which keeps variance where the sum raises and the mean lowers it (GNN-VPA, Schneckenreiter et al. 2024);
 * - `custom`: the graph's weights as they are.
 */
export type OperatorName = "gcn" | "mean" | "sum" | "vpa" | "custom";

export interface OperatorOptions {
  /** A self-loop at every node. Default: true for `gcn`, `mean` and `vpa`; `sum` has its own by ε, `custom` none. */
  readonly selfLoops?: boolean;
  /** Weight of the self-loops that are added; 2 is PyG's `improved`. Default 1. */
  readonly selfLoopWeight?: number;
  /** Of self-loops that the graph has: keep their weight (PyG's layers) or replace them (Virgo's code). Default "keep". */
  readonly existingLoops?: "keep" | "replace";
  /** `gcn` on directed graphs: divide by out-degree of the source and in-degree of the destination (DGL, Virgo), or by in-degrees at both ends (PyG). Default "both". */
  readonly degrees?: "both" | "in";
  /** ε of `sum`. Default 0. */
  readonly eps?: number;
}

/**
 * P of a graph as a sparse matrix `"nodes nodes"`, float64, rows being destinations.
 *
 * @throws {WarmstartError} INVALID_OPTION for a name or option that is none, and for a degree that is not positive where one is
 *   divided by (negative weights): the node is named.
 */
export function graphOperator(graph: Graph, name: OperatorName, options: OperatorOptions = {}): SparseMatrix {
  const { selfLoops = name !== "custom" && name !== "sum", selfLoopWeight = 1, existingLoops = "keep", degrees = "both", eps = 0 } = options;
  if (!names.includes(name)) throw new WarmstartError("INVALID_OPTION", `graphOperator: the operator must be one of ${names.map((known) => `"${known}"`).join(", ")}, got ${JSON.stringify(name)}. Use the one that your layers multiply by.`, { name });
  for (const [option, value] of Object.entries({ selfLoopWeight, eps })) {
    if (!Number.isFinite(value)) throw new WarmstartError("INVALID_OPTION", `graphOperator: ${option} must be a finite number, got ${value}.`, { [option]: value });
  }
  const { src, dst, weight } = name === "sum" ? withLoops(graph, 1 + eps, "add") : selfLoops ? withLoops(graph, selfLoopWeight, existingLoops) : graph;
  const adjacency = sparseMatrix(graph.numNodes, graph.numNodes, dst, src, weight);
  if (name === "sum" || name === "custom") return adjacency;
  return name === "gcn" ? normalizedBothSides(adjacency, degrees) : dividedRows(adjacency, name === "mean" ? (sum) => sum : Math.sqrt);
}

const names: readonly OperatorName[] = ["gcn", "mean", "sum", "vpa", "custom"];

/** The edges of a graph. */
type Edges = Pick<Graph, "src" | "dst" | "weight">;

/** The edges with a self-loop at every node; at a node that has one: of its own weight, of the given one instead, or both. */
function withLoops({ numNodes, src, dst, weight }: Graph, loopWeight: number, existing: "keep" | "replace" | "add"): Edges {
  const loops = new Float64Array(numNodes).fill(loopWeight);
  const kept: number[] = [];
  for (let e = 0; e < src.length; e++) {
    if (existing === "add" || src[e] !== dst[e]) kept.push(e);
    else if (existing === "keep") loops[src[e]!] = weight === undefined ? 1 : weight[e]!;
  }
  const total = kept.length + numNodes;
  const edges = { src: new Int32Array(total), dst: new Int32Array(total), weight: new Float64Array(total) };
  for (const [i, e] of kept.entries()) {
    edges.src[i] = src[e]!;
    edges.dst[i] = dst[e]!;
    edges.weight[i] = weight === undefined ? 1 : weight[e]!;
  }
  for (let node = 0; node < numNodes; node++) {
    const i = kept.length + node;
    edges.src[i] = edges.dst[i] = node;
    edges.weight[i] = loops[node]!;
  }
  return edges;
}

function normalizedBothSides(matrix: SparseMatrix, degrees: "both" | "in"): SparseMatrix {
  const incoming = rowSums(matrix);
  const left = inverseRoots(incoming);
  const right = degrees === "in" ? left : inverseRoots(columnSums(matrix));
  const values = new Float64Array(matrix.values.length);
  for (let r = 0; r < matrix.rows; r++) {
    for (let p = matrix.rowPointers[r]!; p < matrix.rowPointers[r + 1]!; p++) values[p] = matrix.values[p]! * left[r]! * right[matrix.columnIndices[p]!]!;
  }
  return { ...matrix, values };
}

function dividedRows(matrix: SparseMatrix, divisor: (sum: number) => number): SparseMatrix {
  const factors = rowSums(matrix).map((sum, node) => (sum === 0 ? 0 : 1 / divisor(requirePositiveDegree(sum, node))));
  const values = new Float64Array(matrix.values.length);
  for (let r = 0; r < matrix.rows; r++) {
    for (let p = matrix.rowPointers[r]!; p < matrix.rowPointers[r + 1]!; p++) values[p] = matrix.values[p]! * factors[r]!;
  }
  return { ...matrix, values };
}

/** 1 / √degree; a node without edges has no degree to divide by, and 0. */
const inverseRoots = (degrees: Float64Array): Float64Array => degrees.map((degree, node) => (degree === 0 ? 0 : 1 / Math.sqrt(requirePositiveDegree(degree, node))));

function requirePositiveDegree(degree: number, node: number): number {
  if (degree > 0) return degree;
  throw new WarmstartError("INVALID_OPTION", `graphOperator: degrees must be positive to divide by, the degree of node ${node} is ${degree}. Negative weights need the operator "custom", with coefficients of your own.`, { node, degree });
}

function rowSums({ rows, rowPointers, values }: SparseMatrix): Float64Array {
  const sums = new Float64Array(rows);
  for (let r = 0; r < rows; r++) for (let p = rowPointers[r]!; p < rowPointers[r + 1]!; p++) sums[r]! += values[p]!;
  return sums;
}

function columnSums({ columns, columnIndices, values }: SparseMatrix): Float64Array {
  const sums = new Float64Array(columns);
  for (let p = 0; p < values.length; p++) sums[columnIndices[p]!]! += values[p]!;
  return sums;
}

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
  const { loops, existing } = resolve(name, options);
  const { left, right } = edgeOperator(graph, name, options);
  const { src, dst, weight } = loops === undefined ? graph : withLoops(graph, loops, existing);
  const matrix = sparseMatrix(graph.numNodes, graph.numNodes, dst, src, weight);
  if (left === undefined && right === undefined) return matrix;
  const { rowPointers, columnIndices, values } = matrix;
  for (let r = 0; r < matrix.rows; r++) {
    const row = left === undefined ? 1 : left[r]!;
    for (let p = rowPointers[r]!; p < rowPointers[r + 1]!; p++) values[p]! *= right === undefined ? row : row * right[columnIndices[p]!]!;
  }
  return matrix;
}

/** The edges of a graph. */
export type Edges = Pick<Graph, "numNodes" | "src" | "dst" | "weight">;

/** P = diag(left) (A + diag(loops)) diag(right), A being the edges as they lie: what multiplies without a sparse matrix. Absent factors are 1, absent loops 0. */
export interface EdgeOperator {
  readonly edges: Edges;
  /** What each node takes of itself beside the edges; it takes existing self-loops back where they do not count. */
  readonly loops?: Float64Array | undefined;
  readonly left?: Float64Array | undefined;
  readonly right?: Float64Array | undefined;
}

/** The same P as that of `graphOperator`, in terms of the edges: made in two passes over them, in memory of the order of the nodes. */
export function edgeOperator(edges: Edges, name: OperatorName, options: OperatorOptions = {}): EdgeOperator {
  const { loops: loopWeight, existing, degrees } = resolve(name, options);
  const loops = loopWeight === undefined ? undefined : diagonal(edges, loopWeight, existing);
  if (name === "sum" || name === "custom") return { edges, loops };
  const incoming = degreesAt(edges, edges.dst, loops);
  if (name !== "gcn") return { edges, loops, left: inverses(incoming, name === "mean" ? (sum) => sum : Math.sqrt) };
  const left = inverses(incoming, Math.sqrt);
  return { edges, loops, left, right: degrees === "in" ? left : inverses(degreesAt(edges, edges.src, loops), Math.sqrt) };
}

const names: readonly OperatorName[] = ["gcn", "mean", "sum", "vpa", "custom"];

type Existing = "keep" | "replace" | "add";

/** The options of an operator with their defaults; `loops` is undefined where none are added. */
function resolve(name: OperatorName, { selfLoops = name !== "custom" && name !== "sum", selfLoopWeight = 1, existingLoops = "keep", degrees = "both", eps = 0 }: OperatorOptions): { loops: number | undefined; existing: Existing; degrees: "both" | "in" } {
  const oneOf = (what: string, value: unknown, known: readonly string[], hint: string) => {
    if (!known.includes(value as string)) throw new WarmstartError("INVALID_OPTION", `graphOperator: ${what} must be one of ${known.map((word) => `"${word}"`).join(", ")}, got ${JSON.stringify(value)}. ${hint}`, { [what]: value });
  };
  oneOf("the operator", name, names, "Use the one that your layers multiply by.");
  oneOf("existingLoops", existingLoops, ["keep", "replace"], "PyG's layers keep, Virgo's code replaces.");
  oneOf("degrees", degrees, ["both", "in"], "On undirected graphs they are the same.");
  for (const [option, value] of Object.entries({ selfLoopWeight, eps })) {
    if (!Number.isFinite(value)) throw new WarmstartError("INVALID_OPTION", `graphOperator: ${option} must be a finite number, got ${value}.`, { [option]: value });
  }
  if (name === "sum") return { loops: 1 + eps, existing: "add", degrees };
  return { loops: selfLoops ? selfLoopWeight : undefined, existing: existingLoops, degrees };
}

/** The edges with a self-loop at every node; at a node that has one: of its own weight (the last one's), of the given one instead, or both. */
function withLoops({ numNodes, src, dst, weight }: Edges, loopWeight: number, existing: Existing): Edges {
  const loops = new Float64Array(numNodes).fill(loopWeight);
  let kept = src.length;
  if (existing !== "add") for (let e = 0; e < src.length; e++) if (src[e] === dst[e]) kept--;
  const total = kept + numNodes;
  const edges = { numNodes, src: new Int32Array(total), dst: new Int32Array(total), weight: new Float64Array(total) };
  for (let e = 0, next = 0; e < src.length; e++) {
    if (existing === "add" || src[e] !== dst[e]) {
      edges.src[next] = src[e]!;
      edges.dst[next] = dst[e]!;
      edges.weight[next++] = weight === undefined ? 1 : weight[e]!;
    } else if (existing === "keep") loops[src[e]!] = weight === undefined ? 1 : weight[e]!;
  }
  for (let node = 0; node < numNodes; node++) edges.src[kept + node] = edges.dst[kept + node] = node;
  edges.weight.set(loops, kept);
  return edges;
}

/** What the edges, existing self-loops included, lack to the same. */
function diagonal({ numNodes, src, dst, weight }: Edges, loopWeight: number, existing: Existing): Float64Array {
  const loops = new Float64Array(numNodes).fill(loopWeight);
  if (existing === "add") return loops;
  const own = new Float64Array(numNodes);
  for (let e = 0; e < src.length; e++) {
    if (src[e] !== dst[e]) continue;
    const value = weight === undefined ? 1 : weight[e]!;
    own[src[e]!]! += value;
    if (existing === "keep") loops[src[e]!] = value;
  }
  for (let node = 0; node < numNodes; node++) loops[node]! -= own[node]!;
  return loops;
}

/** The sum of the weights at one end of the edges. */
function degreesAt({ numNodes, weight }: Edges, ends: Int32Array, loops: Float64Array | undefined): Float64Array {
  const degrees = loops === undefined ? new Float64Array(numNodes) : loops.slice();
  if (weight === undefined) for (let e = 0; e < ends.length; e++) degrees[ends[e]!]!++;
  else for (let e = 0; e < ends.length; e++) degrees[ends[e]!]! += weight[e]!;
  return degrees;
}

/** 1 / divisor(degree); a node without edges has no degree to divide by, and 0. */
const inverses = (degrees: Float64Array, divisor: (degree: number) => number): Float64Array => degrees.map((degree, node) => (degree === 0 ? 0 : 1 / divisor(requirePositiveDegree(degree, node))));

function requirePositiveDegree(degree: number, node: number): number {
  if (degree > 0) return degree;
  throw new WarmstartError("INVALID_OPTION", `graphOperator: degrees must be positive to divide by, the degree of node ${node} is ${degree}. Negative weights need the operator "custom", with coefficients of your own.`, { node, degree });
}

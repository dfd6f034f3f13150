// The edges that attention looks at, laid out so that heads disappear: H heads on N nodes are one head on N·H nodes, node i of head h being row i·H + h.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import type { Graph } from "../graph.js";
import { tensorsOf } from "../graph-tensors.js";
import { segmentsOf, type Segments } from "../segment-max.js";
import { sparseMatrix } from "../sparse-matrix.js";

/** Of N nodes, H heads and E edges. Entries, `"E*H"`, are by target, then head, then source. */
export interface Layout {
  readonly numNodes: number;
  readonly heads: number;
  /** int32 `"N*H+1"`: where the entries of each row begin. */
  readonly pointers: Tensor1D;
  /** int32 `"E*H"`: the row of each entry, its target. */
  readonly rows: Tensor1D;
  /** int32 `"E*H"`: the column of each entry, its source. */
  readonly columns: Tensor1D;
  /** The entries of each row. */
  readonly segments: Segments;
}

export function layoutOf(graph: Graph, heads: number, selfLoops: boolean): Layout {
  const { numNodes } = graph;
  const key = `attention ${heads} ${selfLoops}`;
  const tensors = tensorsOf(graph, key, () => {
    const { pointers, columns } = entriesOf(graph, heads, selfLoops);
    return { pointers: ints(pointers), rows: ints(rowsOf(pointers)), columns: ints(columns) };
  });
  return { numNodes, heads, ...tensors, segments: tensorsOf(graph, `${key} segments`, () => segmentsOf(entriesOf(graph, heads, selfLoops).pointers)) };
}

/** The edges themselves, by target and then source, and the order of `"E heads"` among the entries. */
export interface EdgeOrder extends Readonly<Record<string, Tensor>> {
  /** int32 `"E"` */
  readonly sources: Tensor1D;
  /** int32 `"E"` */
  readonly targets: Tensor1D;
  /** int32 `"E*H"`: of the list edge after edge, all heads of one together, where each stands among the entries. */
  readonly toEntries: Tensor1D;
  /** int32 `"E*H"`: the way back. */
  readonly fromEntries: Tensor1D;
}

export function edgeOrderOf(graph: Graph, heads: number, selfLoops: boolean): EdgeOrder {
  return tensorsOf(graph, `attention ${heads} ${selfLoops} edges`, () => {
    const { src, dst } = attendedEdges(graph, selfLoops);
    const { pointers } = entriesOf(graph, heads, selfLoops);
    const [to, from] = [new Int32Array(src.length * heads), new Int32Array(src.length * heads)];
    for (let e = 0, within = 0; e < src.length; e++) {
      within = e > 0 && dst[e] === dst[e - 1] ? within + 1 : 0;
      for (let h = 0; h < heads; h++) {
        const entry = pointers[dst[e]! * heads + h]! + within;
        to[e * heads + h] = entry;
        from[entry] = e * heads + h;
      }
    }
    return { sources: ints(src), targets: ints(dst), toEntries: ints(to), fromEntries: ints(from) };
  });
}

/** The edges by target and then source; with `selfLoops` those of the graph replaced by one at every node. */
export function attendedEdges(graph: Graph, selfLoops: boolean): { src: Int32Array; dst: Int32Array } {
  const { rowPointers, columnIndices } = adjacency(graph, selfLoops);
  return { src: columnIndices, dst: rowsOf(rowPointers) };
}

function adjacency({ numNodes, src, dst }: Graph, selfLoops: boolean) {
  if (!selfLoops) return sparseMatrix(numNodes, numNodes, dst, src);
  const between = src.filter((node, e) => node !== dst[e]);
  const nodes = new Int32Array(numNodes).map((_, node) => node);
  const joined = (ends: Int32Array) => {
    const all = new Int32Array(between.length + numNodes);
    all.set(ends);
    all.set(nodes, between.length);
    return all;
  };
  return sparseMatrix(numNodes, numNodes, joined(dst.filter((node, e) => node !== src[e])), joined(between));
}

/** Rows and columns of the adjacency, once a head. */
function entriesOf(graph: Graph, heads: number, selfLoops: boolean): { pointers: Int32Array; columns: Int32Array } {
  const { rowPointers, columnIndices } = adjacency(graph, selfLoops);
  const pointers = new Int32Array(graph.numNodes * heads + 1);
  const columns = new Int32Array(columnIndices.length * heads);
  let at = 0;
  for (let row = 0; row < graph.numNodes * heads; row++) {
    const [node, head] = [Math.floor(row / heads), row % heads];
    pointers[row] = at;
    for (let e = rowPointers[node]!; e < rowPointers[node + 1]!; e++) columns[at++] = columnIndices[e]! * heads + head;
  }
  pointers[graph.numNodes * heads] = at;
  return { pointers, columns };
}

function rowsOf(pointers: Int32Array): Int32Array {
  const rows = new Int32Array(pointers.at(-1)!);
  for (let row = 0; row + 1 < pointers.length; row++) rows.fill(row, pointers[row], pointers[row + 1]);
  return rows;
}

const ints = (list: Int32Array): Tensor1D => tf.tensor1d(list, "int32");

import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";
import { sparseMatrix } from "../sparse-matrix.js";
import { withEdges } from "./with-edges.js";

/** What several edges from one node to another become: the sum, mean or largest of their weights. */
export type EdgeReduction = "sum" | "mean" | "max";

/**
 * The graph with one edge in place of parallel ones, in order of source and destination.
 *
 * @param reduce the weight that it gets. "sum", the default, leaves what layers compute unchanged; "max" and "mean" leave a graph without weights without.
 * @throws {WarmstartError} INVALID_OPTION for another `reduce`.
 */
export function coalesce(graph: Graph, reduce: EdgeReduction = "sum"): Graph {
  return coalescedEdges("coalesce", graph, graph, reduce);
}

/** Those edges, coalesced, on the nodes of the graph. */
export function coalescedEdges(caller: string, graph: Graph, edges: Pick<Graph, "src" | "dst" | "weight">, reduce: EdgeReduction): Graph {
  if (!["sum", "mean", "max"].includes(reduce)) throw new WarmstartError("INVALID_OPTION", `${caller}: reduce must be "sum", "mean" or "max", got ${JSON.stringify(reduce)}.`, { reduce });
  const { rows, rowPointers, columnIndices: dst, values } = sparseMatrix(graph.numNodes, graph.numNodes, edges.src, edges.dst, edges.weight);
  const src = new Int32Array(dst.length);
  let next = 0; // the merged edges take the front of the arrays, behind what is still to be read
  for (let node = 0; node < rows; node++) {
    for (let p = rowPointers[node]!; p < rowPointers[node + 1]!; ) {
      const begin = p;
      const target = dst[p]!;
      let weight = values[p++]!;
      for (; p < rowPointers[node + 1]! && dst[p] === target; p++) weight = reduce === "max" ? Math.max(weight, values[p]!) : weight + values[p]!;
      src[next] = node;
      dst[next] = target;
      values[next++] = reduce === "mean" ? weight / (p - begin) : weight;
    }
  }
  return withEdges(graph, src.subarray(0, next), dst.subarray(0, next), values.subarray(0, next));
}

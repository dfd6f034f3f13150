// The largest of each feature among the neighbours of a node.
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { Graph } from "./graph.js";
import { tensorsOf } from "./graph-tensors.js";
import { segmentMax, segmentsOf } from "./segment-max.js";
import { sparseMatrix } from "./sparse-matrix.js";

/** `"nodes d"`: of x `"nodes d"` the largest among the sources of each node's edges; 0 where it has none. Weights do not count. */
export function neighbourMax(graph: Graph, x: Tensor2D): Tensor2D {
  const segments = tensorsOf(graph, "neighbour segments", () => {
    const { rowPointers, columnIndices } = sparseMatrix(graph.numNodes, graph.numNodes, graph.dst, graph.src);
    return segmentsOf(rowPointers, columnIndices);
  });
  return segmentMax(segments, x);
}

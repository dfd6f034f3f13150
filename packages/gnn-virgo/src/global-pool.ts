// One row a graph: what its nodes have in common.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { gatherRows } from "@warmstart/gradients";
import { requireChoice, requireNodes } from "./check.js";
import type { Graph } from "./graph.js";
import { tensorsOf } from "./graph-tensors.js";
import { segmentMax, segmentsOf } from "./segment-max.js";
import { sparseMatrix } from "./sparse-matrix.js";

/** How the nodes of a graph are brought together. */
export type Pooling = "mean" | "sum" | "max";

/**
 * `"graphs d"`: sum, mean or largest over the nodes of each graph of a batch, x float32 `"nodes d"`; a graph without nodes gets
 * 0. Differentiable towards `x`; the gradient of "max" is shared equally by nodes that are equal. The caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for another number of rows than the graph has nodes; INVALID_OPTION for an unknown pooling.
 *
 * @example
 * const embedding = globalPool(batchOfMolecules, hidden, "mean");
 */
export function globalPool(graph: Graph, x: Tensor2D, pooling: Pooling): Tensor2D {
  requireNodes("globalPool", graph, x);
  requireChoice("globalPool", "pooling", pooling, ["mean", "sum", "max"]);
  return tf.tidy(() => (pooling === "max" ? segmentMax(nodeSegments(graph), x) : pooling === "sum" ? sumOfGraphs(graph, x) : meanOfGraphs(graph, x)));
}

/** `"graphs d"`: the sum over the nodes of each graph. */
function sumOfGraphs(graph: Graph, x: Tensor2D): Tensor2D {
  const sum = tf.customGrad((given) => ({
    value: graph.numGraphs === 1 ? tf.sum(given as Tensor, 0, true) : tf.unsortedSegmentSum(given as Tensor, graphTensors(graph).batch, graph.numGraphs),
    gradFunc: (dy: Tensor) => ofEachNode(graph, dy as Tensor2D),
  }));
  return sum(x) as Tensor2D;
}

/** `"graphs d"`: the mean over the nodes of each graph. */
export const meanOfGraphs = (graph: Graph, x: Tensor2D): Tensor2D => tf.mul(sumOfGraphs(graph, x), graphTensors(graph).inverseSizes);

/** `"nodes d"`: to each node the row of its graph, of x `"graphs d"`. */
export function ofEachNode(graph: Graph, x: Tensor2D): Tensor2D {
  if (graph.numGraphs === 1) return tf.tile(x, [graph.numNodes, 1]);
  const row = tf.customGrad((given) => ({ value: gatherRows(given as Tensor, graphTensors(graph).batch), gradFunc: (dy: Tensor) => sumOfGraphs(graph, dy as Tensor2D) }));
  return row(x) as Tensor2D;
}

const batchOf = ({ batch, numNodes }: Graph): Int32Array => batch ?? new Int32Array(numNodes);

/** The graph of each node, and `"graphs 1"` one over the number of its nodes, 0 where there are none. */
function graphTensors(graph: Graph): { batch: Tensor1D; inverseSizes: Tensor2D } {
  return tensorsOf(graph, "graphs", () => {
    const sizes = new Float32Array(graph.numGraphs);
    for (const own of batchOf(graph)) sizes[own]!++;
    return { batch: tf.tensor1d(batchOf(graph), "int32"), inverseSizes: tf.tensor2d(sizes.map((size) => (size === 0 ? 0 : 1 / size)), [graph.numGraphs, 1]) };
  });
}

const nodeSegments = (graph: Graph) =>
  tensorsOf(graph, "node segments", () => {
    const nodes = Int32Array.from({ length: graph.numNodes }, (_, node) => node);
    const { rowPointers, columnIndices } = sparseMatrix(graph.numGraphs, graph.numNodes, batchOf(graph), nodes);
    return segmentsOf(rowPointers, columnIndices);
  });

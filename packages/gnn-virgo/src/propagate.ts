// Message passing with fixed coefficients: P x, and its gradient by P transposed, both over rows of their own.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { csrMatMul, type CsrMatrix } from "@warmstart/gradients";
import { requireNodes } from "./check.js";
import type { Graph } from "./graph.js";
import { tensorsOf } from "./graph-tensors.js";
import { graphOperator, type OperatorName, type OperatorOptions } from "./operator.js";
import { sameMatrix, transposed, type SparseMatrix } from "./sparse-matrix.js";

/**
 * `"nodes d" = P x`, every node's sum over its neighbours: x float32 `"nodes d"`. Differentiable towards `x`. The operator's
 * tensors are kept with the graph (`graph.dispose()` frees them); the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for another number of rows than the graph has nodes; BACKEND on WebAssembly without
 *   `@warmstart/wasm-training`; what `graphOperator` throws.
 *
 * @example
 * const means = propagate(graph, x, "mean", { selfLoops: false });
 */
export function propagate(graph: Graph, x: Tensor2D, operator: OperatorName = "gcn", options: OperatorOptions = {}): Tensor2D {
  requireNodes("propagate", graph, x);
  const { forward, backward } = operatorTensors(graph, operator, options);
  const product = tf.customGrad((input) => ({ value: csrMatMul(forward, input as Tensor2D), gradFunc: (dy: Tensor) => csrMatMul(backward, dy as Tensor2D) }));
  return product(x) as Tensor2D;
}

/** P and its transpose in compressed rows, the same tensors where they are the same matrix. */
function operatorTensors(graph: Graph, operator: OperatorName, options: OperatorOptions): { forward: CsrMatrix; backward: CsrMatrix } {
  const { numNodes } = graph;
  const key = JSON.stringify([operator, options.selfLoops, options.selfLoopWeight, options.existingLoops, options.degrees, options.eps]);
  const { rowPointers, columnIndices, values, rowIndices, backPointers, backIndices, backValues, backRows } = tensorsOf(graph, key, () => {
    const matrix = graphOperator(graph, operator, options);
    const back = transposed(matrix);
    const own = rowsOf(matrix);
    const other = sameMatrix(matrix, back) ? own : rowsOf(back);
    return { ...own, backPointers: other.rowPointers, backIndices: other.columnIndices, backValues: other.values, backRows: other.rowIndices };
  });
  const size = { rows: numNodes, columns: numNodes };
  return { forward: { rowPointers, columnIndices, values, rowIndices, ...size }, backward: { rowPointers: backPointers, columnIndices: backIndices, values: backValues, rowIndices: backRows, ...size } };
}

function rowsOf({ rows, rowPointers, columnIndices, values }: SparseMatrix) {
  const rowIndices = new Int32Array(columnIndices.length);
  for (let row = 0; row < rows; row++) rowIndices.fill(row, rowPointers[row], rowPointers[row + 1]);
  return { rowPointers: tf.tensor1d(rowPointers, "int32"), columnIndices: tf.tensor1d(columnIndices, "int32"), values: tf.tensor1d(Float32Array.from(values), "float32"), rowIndices: tf.tensor1d(rowIndices, "int32") };
}

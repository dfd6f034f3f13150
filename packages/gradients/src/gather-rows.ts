import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import { record } from "./kernel.js";
import { tensorFlowBackend, tensorFlowGather } from "./tensorflow-operations.js";

/**
 * The rows of x at `indices`, as `tf.gather(x, indices)` gives them: x float32 `"rows ..."`, indices int32 of any shape, each in
 * `[0, rows)`; the result has the shape of the indices and then that of a row. On tfjs-node without that kernel's reading back of all indices, fifteen times as long as the operation, so for
 * indices that are known to be right: what one out of range does is the backend's affair. Differentiable towards `x`. The caller
 * disposes the result.
 *
 * @throws {GradientsError} SHAPE_MISMATCH for other dtypes, an x without axes.
 *
 * @example
 * const ends = gatherRows(scores, targets); // a number an edge from a number a node
 */
export function gatherRows(x: Tensor, indices: Tensor): Tensor {
  if (x.dtype !== "float32" || x.rank < 1) throw new GradientsError("SHAPE_MISMATCH", `gatherRows: x must be float32 with at least one axis, got ${x.dtype} [${x.shape.join(", ")}]`, { shape: x.shape, dtype: x.dtype });
  if (indices.dtype !== "int32") throw new GradientsError("SHAPE_MISMATCH", `gatherRows: indices must be int32, got ${indices.dtype} [${indices.shape.join(", ")}]`, { shape: indices.shape, dtype: indices.dtype });
  const tensorFlow = tensorFlowBackend();
  if (tensorFlow === undefined || indices.size === 0) return tf.gather(x, indices);
  const [rows, ...row] = x.shape as [number, ...number[]];
  const gradients = (dy: Tensor, [saved]: readonly Tensor[]) => ({
    x: () => tf.tidy(() => tf.unsortedSegmentSum(tf.reshape(dy, [saved!.size, ...row]), tf.reshape(saved!, [saved!.size]) as Tensor1D, rows)),
  });
  return record({ x }, () => tensorFlowGather(tensorFlow, x, indices), gradients, [indices]);
}

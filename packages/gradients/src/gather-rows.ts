import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import { record } from "./kernel.js";
import { tensorFlowBackend, tensorFlowGather } from "./tensorflow-operations.js";

/**
 * The rows of x at `indices`, `"count ..."`, as `tf.gather(x, indices)` gives them: x float32 `"rows ..."`, indices int32 `"count"`,
 * each in `[0, rows)`. On tfjs-node without that kernel's reading back of all indices, fifteen times as long as the operation, so for
 * indices that are known to be right: what one out of range does is the backend's affair. Differentiable towards `x`. The caller
 * disposes the result.
 *
 * @throws {GradientsError} SHAPE_MISMATCH for other dtypes, an x without axes, or indices of another rank.
 *
 * @example
 * const ends = gatherRows(scores, targets); // a number an edge from a number a node
 */
export function gatherRows<T extends Tensor>(x: T, indices: Tensor1D): T {
  if (x.dtype !== "float32" || x.rank < 1) throw new GradientsError("SHAPE_MISMATCH", `gatherRows: x must be float32 with at least one axis, got ${x.dtype} [${x.shape.join(", ")}]`, { shape: x.shape, dtype: x.dtype });
  if (indices.dtype !== "int32" || indices.rank !== 1) throw new GradientsError("SHAPE_MISMATCH", `gatherRows: indices must be int32 [any], got ${indices.dtype} [${indices.shape.join(", ")}]`, { shape: indices.shape, dtype: indices.dtype });
  const tensorFlow = tensorFlowBackend();
  if (tensorFlow === undefined || indices.size === 0) return tf.gather(x, indices) as T;
  const gradients = (dy: Tensor, [saved]: readonly Tensor[]) => ({ x: () => tf.unsortedSegmentSum(dy, saved as Tensor1D, x.shape[0]!) });
  return record({ x }, () => tensorFlowGather(tensorFlow, x, indices), gradients, [indices]) as T;
}

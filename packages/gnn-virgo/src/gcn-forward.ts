// Graph convolution (Kipf, Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017): P x W + b.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { requireNodes, requireShape } from "./check.js";
import type { Graph } from "./graph.js";
import { propagateLinear } from "./linear.js";
import type { OperatorName, OperatorOptions } from "./operator.js";

/** Weights of a graph convolution. */
export interface GCNWeights {
  /** `"in out"` */
  readonly kernel: Tensor2D;
  /** `"out"`. Default: none. */
  readonly bias?: Tensor1D;
}

/** Options of `gcnForward`: the operator and its own options, of which `degrees` is "in" unless told otherwise. */
export interface GCNForwardOptions extends OperatorOptions {
  /** What is multiplied by. Default "gcn". */
  readonly operator?: OperatorName;
}

/**
 * `"nodes out" = P x W + b`, x float32 `"nodes in"`. The narrower side is propagated: (P x) W or P (x W), which are equal.
 * Degrees of directed graphs are counted as PyG does, `degrees: "in"`, where Virgo and DGL take "both". Differentiable towards
 * `x` and the weights. The operator's tensors are kept with the graph; the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for tensors that do not fit the graph or each other; what `graphOperator` throws.
 *
 * @example
 * const hidden = tf.relu(gcnForward(graph, x, { kernel, bias }));
 */
export function gcnForward(graph: Graph, x: Tensor2D, { kernel, bias }: GCNWeights, { operator = "gcn", degrees = "in", ...options }: GCNForwardOptions = {}): Tensor2D {
  requireNodes("gcnForward", graph, x);
  requireShape("gcnForward", "kernel", kernel, [x.shape[1], null], "Its rows are the features of x.");
  if (bias !== undefined) requireShape("gcnForward", "bias", bias, [kernel.shape[1]], "One number a column of the kernel.");
  return tf.tidy(() => {
    const y = propagateLinear(graph, x, kernel, operator, { degrees, ...options });
    return bias === undefined ? y : tf.add(y, bias);
  });
}

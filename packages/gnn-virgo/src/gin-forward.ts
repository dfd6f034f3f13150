// Graph isomorphism network (Xu, Hu, Leskovec, Jegelka, "How Powerful are Graph Neural Networks?", ICLR 2019): a sum that counts, then a network of two layers.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { requireFinite, requireNodes, requireShape } from "./check.js";
import type { Graph } from "./graph.js";
import { propagateLinear } from "./linear.js";

/** Weights of a GIN convolution. */
export interface GINWeights {
  /** Of the first layer, `"in hidden"`. */
  readonly kernel: Tensor2D;
  /** `"hidden"`. Default: none. */
  readonly bias?: Tensor1D;
  /** Of the second layer, `"hidden out"`. */
  readonly innerKernel: Tensor2D;
  /** `"out"`. Default: none. */
  readonly innerBias?: Tensor1D;
}

/** Options of `ginForward`. */
export interface GINForwardOptions {
  /** How much more than a neighbour the node itself counts: a number, or a tensor with one entry to be trained. Default 0. */
  readonly eps?: number | Tensor;
  /** Between the two layers. Default ReLU. */
  readonly activation?: (x: Tensor2D) => Tensor2D;
}

/**
 * `"nodes out" = activation((A + (1 + ε) I) x W + b) W' + b'`, x float32 `"nodes in"`, A with the graph's weights. The narrower
 * side of W is propagated. Differentiable towards `x`, the weights and a tensor `eps`; the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for tensors that do not fit; INVALID_OPTION for an `eps` that is not finite.
 *
 * @example
 * const y = ginForward(graph, x, { kernel, bias, innerKernel, innerBias }, { eps: 0.1 });
 */
export function ginForward(graph: Graph, x: Tensor2D, { kernel, bias, innerKernel, innerBias }: GINWeights, { eps = 0, activation = tf.relu }: GINForwardOptions = {}): Tensor2D {
  requireNodes("ginForward", graph, x);
  requireShape("ginForward", "kernel", kernel, [x.shape[1], null], "Its rows are the features of x.");
  requireShape("ginForward", "innerKernel", innerKernel, [kernel.shape[1], null], "Its rows are the columns of the kernel.");
  if (bias !== undefined) requireShape("ginForward", "bias", bias, [kernel.shape[1]], "One number a column of the kernel.");
  if (innerBias !== undefined) requireShape("ginForward", "innerBias", innerBias, [innerKernel.shape[1]], "One number a column of the inner kernel.");
  if (typeof eps === "number") requireFinite("ginForward", "eps", eps, "0 counts the node like a neighbour.");
  else if (eps.size !== 1) requireShape("ginForward", "eps", eps, [1], "It is one number for all nodes.");
  return tf.tidy(() => {
    const own = typeof eps === "number" ? undefined : tf.reshape(tf.add(eps, 1), [1, 1]);
    const sums: Tensor = own === undefined ? propagateLinear(graph, x, kernel, "sum", { eps: eps as number }) : tf.add(propagateLinear(graph, x, kernel, "custom", {}), tf.mul(own, tf.matMul(x, kernel)));
    const hidden = activation((bias === undefined ? sums : tf.add(sums, bias)) as Tensor2D);
    const y: Tensor = tf.matMul(hidden, innerKernel);
    return (innerBias === undefined ? y : tf.add(y, innerBias)) as Tensor2D;
  });
}

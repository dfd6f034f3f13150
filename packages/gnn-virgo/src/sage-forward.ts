// GraphSAGE (Hamilton, Ying, Leskovec, "Inductive Representation Learning on Large Graphs", NeurIPS 2017): neighbours, and the node itself by a kernel of its own.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { requireChoice, requireNodes, requireShape } from "./check.js";
import type { Graph } from "./graph.js";
import { propagateLinear } from "./linear.js";
import { neighbourMax } from "./neighbour-max.js";

/** How GraphSAGE brings the neighbours of a node together. */
export type SAGEAggregator = "mean" | "sum" | "max";

/** Weights of a GraphSAGE convolution. */
export interface SAGEWeights {
  /** Of the neighbours, `"in out"`: PyG's `lin_l`. */
  readonly kernel: Tensor2D;
  /** Of the node itself, `"in out"`: PyG's `lin_r`. Default: none, the node sees its neighbours alone (`root_weight=False`). */
  readonly rootKernel?: Tensor2D;
  /** `"out"`. Default: none. */
  readonly bias?: Tensor1D;
}

/** Options of `sageForward`. */
export interface SAGEForwardOptions {
  /** "mean" is weighted by the graph's weights, "sum" too; "max" looks at neighbours that count alike. Default "mean". */
  readonly aggregator?: SAGEAggregator;
  /** Divide every row by its length, rows shorter than 1e-12 by that. Default false. */
  readonly normalize?: boolean;
}

/**
 * `"nodes out" = aggregate(neighbours of x) W + x W_root + b`, x float32 `"nodes in"`; no self-loops are added, and a node
 * without neighbours gets 0 of them. Mean and sum propagate the narrower side. The gradient of "max" is shared equally by
 * neighbours that are equal. Differentiable towards `x` and the weights; the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for tensors that do not fit; INVALID_OPTION for an unknown aggregator, and for a mean
 *   over weights whose sum is not positive.
 *
 * @example
 * const y = sageForward(graph, x, { kernel, rootKernel, bias }, { aggregator: "max" });
 */
export function sageForward(graph: Graph, x: Tensor2D, { kernel, rootKernel, bias }: SAGEWeights, { aggregator = "mean", normalize = false }: SAGEForwardOptions = {}): Tensor2D {
  requireNodes("sageForward", graph, x);
  requireChoice("sageForward", "aggregator", aggregator, ["mean", "sum", "max"]);
  requireShape("sageForward", "kernel", kernel, [x.shape[1], null], "Its rows are the features of x.");
  if (rootKernel !== undefined) requireShape("sageForward", "rootKernel", rootKernel, kernel.shape, "The node itself and its neighbours are added.");
  if (bias !== undefined) requireShape("sageForward", "bias", bias, [kernel.shape[1]], "One number a column of the kernel.");
  return tf.tidy(() => {
    let y: Tensor = aggregator === "max" ? tf.matMul(neighbourMax(graph, x), kernel) : propagateLinear(graph, x, kernel, aggregator === "mean" ? "mean" : "custom", { selfLoops: false });
    if (bias !== undefined) y = tf.add(y, bias);
    if (rootKernel !== undefined) y = tf.add(y, tf.matMul(x, rootKernel));
    return (normalize ? tf.mul(y, inverseLengths(y)) : y) as Tensor2D;
  });
}

/** 1 / max(‖row‖, 1e-12); the root is of something above 0 also for a row of zeros, whose gradient would be NaN. */
const inverseLengths = (y: Tensor): Tensor => tf.rsqrt(tf.maximum(tf.sum(tf.square(y), 1, true), 1e-24));

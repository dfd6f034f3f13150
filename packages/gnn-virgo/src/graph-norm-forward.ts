// Graph normalization (Cai, Luo, Xu, He, Liu, Wang, "GraphNorm: A Principled Approach to Accelerating Graph Neural Network Training", ICML 2021).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { requireNodes, requireShape } from "./check.js";
import { meanOfGraphs, ofEachNode } from "./global-pool.js";
import type { Graph } from "./graph.js";

/** Weights of a graph normalization, each `"features"`, by PyG's names in camelCase. */
export interface GraphNormWeights {
  /** γ. Default 1. */
  readonly weight?: Tensor1D;
  /** β. Default 0. */
  readonly bias?: Tensor1D;
  /** α, how much of the mean is taken away. Default 1. */
  readonly meanScale?: Tensor1D;
}

/** Options of `graphNormForward`. */
export interface GraphNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * `"nodes d" = γ (x − α mean) / √(mean of (x − α mean)² + ε) + β`, means being over the nodes of each graph of a batch, x float32
 * `"nodes d"`. The same in training and prediction. Differentiable towards `x` and the weights; the caller disposes the result.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH for tensors that do not fit the graph or each other.
 *
 * @example
 * const y = graphNormForward(batch, x, { weight, bias, meanScale });
 */
export function graphNormForward(graph: Graph, x: Tensor2D, { weight, bias, meanScale }: GraphNormWeights = {}, { epsilon = 1e-5 }: GraphNormOptions = {}): Tensor2D {
  requireNodes("graphNormForward", graph, x);
  for (const [name, tensor] of Object.entries({ weight, bias, meanScale })) {
    if (tensor !== undefined) requireShape("graphNormForward", name, tensor, [x.shape[1]], "One number a feature.");
  }
  return tf.tidy(() => {
    const mean = meanOfGraphs(graph, x);
    const centred = tf.sub(x, ofEachNode(graph, meanScale === undefined ? mean : tf.mul(mean, meanScale))) as Tensor2D;
    const inverse = tf.rsqrt(tf.add(meanOfGraphs(graph, tf.square(centred)), epsilon)) as Tensor2D;
    const y = tf.mul(centred, ofEachNode(graph, weight === undefined ? inverse : tf.mul(inverse, weight))) as Tensor2D;
    return bias === undefined ? y : tf.add(y, bias);
  });
}

// A linear map before or after message passing, whichever passes the narrower messages.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import type { Graph } from "./graph.js";
import type { OperatorName, OperatorOptions } from "./operator.js";
import { propagate } from "./propagate.js";

/** P x W, as P (x W) where W narrows and as (P x) W otherwise: then the gradient of a constant x is never propagated. */
export function propagateLinear(graph: Graph, x: Tensor2D, kernel: Tensor2D, operator: OperatorName, options: OperatorOptions): Tensor2D {
  const [inputs, outputs] = kernel.shape;
  return outputs < inputs ? propagate(graph, tf.matMul(x, kernel), operator, options) : tf.matMul(propagate(graph, x, operator, options), kernel);
}

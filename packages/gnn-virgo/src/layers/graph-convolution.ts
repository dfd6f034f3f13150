import type { layers } from "@tensorflow/tfjs-layers";
import type { Graph } from "../graph.js";
import type { OperatorName, OperatorOptions } from "../operator.js";

/** What Virgo must know of a layer: every convolution of this package is one, and a layer of your own may be. */
export interface GraphConvolution {
  readonly graph: Graph | undefined;
  /** The P by which it multiplies; "mean" for attention, which at the start is about uniform. */
  readonly operator: OperatorName;
  readonly operatorOptions: OperatorOptions;
  /** The kernels by short name: "propagated", "root" (that of GraphSAGE for the node itself), "inner" (further layers of GIN's network). */
  readonly kernels: readonly { readonly weight: string; readonly role: "propagated" | "root" | "inner" }[];
  /** Independent heads that are averaged, 1 when concatenated or single. */
  readonly averagedHeads: number;
}

/** Whether a layer is a convolution of a graph: by what it has and not by instanceof, so that two copies of this package agree. */
export function isGraphConvolution(layer: layers.Layer): layer is layers.Layer & GraphConvolution {
  const { operator, kernels, averagedHeads } = layer as Partial<GraphConvolution>;
  return typeof operator === "string" && Array.isArray(kernels) && typeof averagedHeads === "number";
}

import { GCNConv, type GCNConvArgs } from "./gcn-conv.js";
import { registerLayers } from "./register-layers.js";

/**
 * A graph convolution, `"nodes in"` → `"nodes units"`, to be used as any of `tf.layers`.
 *
 * @throws {WarmstartError} INVALID_OPTION for arguments out of range; SHAPE_MISMATCH when it is built on another rank or called on
 *   other rows than the graph has nodes; MODEL_STATE when it is called without a graph.
 *
 * @example
 * const model = tf.sequential({ layers: [gcnConv({ units: 16, activation: "relu", graph, inputShape: [34] }), gcnConv({ units: 2, activation: "softmax", graph })] });
 */
export function gcnConv(args: GCNConvArgs): GCNConv {
  registerLayers();
  return new GCNConv(args);
}

import { GATConv, type GATConvArgs } from "./gat-conv.js";
import { GCNConv, type GCNConvArgs } from "./gcn-conv.js";
import { GINConv, type GINConvArgs } from "./gin-conv.js";
import { GlobalPooling, type GlobalPoolingArgs } from "./global-pooling.js";
import { GraphNorm, type GraphNormArgs } from "./graph-norm.js";
import { registerLayers } from "./register-layers.js";
import { SAGEConv, type SAGEConvArgs } from "./sage-conv.js";

/**
 * A graph convolution, `"nodes in"` → `"nodes units"`, to be used as any of `tf.layers`.
 *
 * @throws {WarmstartError} INVALID_OPTION for arguments out of range; SHAPE_MISMATCH when it is built on another rank or called on
 *   other rows than the graph has nodes; MODEL_STATE when it is called without a graph; BACKEND on WebAssembly without `@warmstart/wasm-training`.
 *
 * @example
 * const model = tf.sequential({ layers: [gcnConv({ units: 16, activation: "relu", graph, inputShape: [34] }), gcnConv({ units: 2, activation: "softmax", graph })] });
 */
export function gcnConv(args: GCNConvArgs): GCNConv {
  registerLayers();
  return new GCNConv(args);
}

/**
 * A GraphSAGE convolution, `"nodes in"` → `"nodes units"`.
 *
 * @throws {WarmstartError} as {@link gcnConv}.
 */
export function sageConv(args: SAGEConvArgs): SAGEConv {
  registerLayers();
  return new SAGEConv(args);
}

/**
 * Graph attention, `"nodes in"` → `"nodes heads*units"`, or `"nodes units"` with `concat: false`.
 *
 * @throws {WarmstartError} as {@link gcnConv}.
 *
 * @example
 * gatConv({ units: 8, heads: 8, version: 2, dropout: 0.6, activation: "elu" });
 */
export function gatConv(args: GATConvArgs): GATConv {
  registerLayers();
  return new GATConv(args);
}

/**
 * A convolution of the graph isomorphism network, `"nodes in"` → `"nodes units"`.
 *
 * @throws {WarmstartError} as {@link gcnConv}.
 */
export function ginConv(args: GINConvArgs): GINConv {
  registerLayers();
  return new GINConv(args);
}

/**
 * Graph normalization, `"nodes d"` → `"nodes d"`.
 *
 * @throws {WarmstartError} as {@link gcnConv}.
 */
export function graphNorm(args?: GraphNormArgs): GraphNorm {
  registerLayers();
  return new GraphNorm(args);
}

/**
 * One row a graph, `"nodes d"` → `"graphs d"`. `fit` wants as many labels as rows go in, so a model with it trains by
 * `optimizer.minimize` on `model.apply`.
 *
 * @throws {WarmstartError} as {@link gcnConv}.
 */
export function globalPooling(args?: GlobalPoolingArgs): GlobalPooling {
  registerLayers();
  return new GlobalPooling(args);
}

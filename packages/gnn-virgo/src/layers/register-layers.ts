import { serialization } from "@tensorflow/tfjs-core";
import { GATConv } from "./gat-conv.js";
import { GCNConv } from "./gcn-conv.js";
import { GINConv } from "./gin-conv.js";
import { GlobalPooling } from "./global-pooling.js";
import { GraphNorm } from "./graph-norm.js";
import { SAGEConv } from "./sage-conv.js";

let registered = false;

/** Makes the layers known to tfjs: call it before `tf.loadLayersModel` on a model with graph layers in it. The factories do it themselves. Calling it twice is fine. */
export function registerLayers(): void {
  if (registered) return;
  registered = true;
  for (const layer of [GCNConv, SAGEConv, GATConv, GINConv, GraphNorm, GlobalPooling]) serialization.registerClass(layer as unknown as serialization.SerializableConstructor<serialization.Serializable>);
}

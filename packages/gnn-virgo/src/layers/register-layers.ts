import { serialization } from "@tensorflow/tfjs-core";
import { GCNConv } from "./gcn-conv.js";

let registered = false;

/** Makes the layers known to tfjs: call it before `tf.loadLayersModel` on a model with graph layers in it. The factories do it themselves. Calling it twice is fine. */
export function registerLayers(): void {
  if (registered) return;
  registered = true;
  for (const layer of [GCNConv]) serialization.registerClass(layer as unknown as serialization.SerializableConstructor<serialization.Serializable>);
}

import { serialization } from "@tensorflow/tfjs-core";
import { varianceScaling } from "@warmstart/init-core";
import { S4DBlock } from "./s4d-block.js";
import { S4D } from "./s4d.js";

let registered = false;

/** Makes the layers known to tfjs: call it before `tf.loadLayersModel` on a model with S4D layers in it. `s4d`, `s4dBlock` and `s4dClassifier` do it themselves. Calling it twice is fine. */
export function registerLayers(): void {
  if (registered) return;
  registered = true;
  varianceScaling.register(); // s4dClassifier's dense layers name it
  for (const layer of [S4D, S4DBlock]) serialization.registerClass(layer as unknown as serialization.SerializableConstructor<serialization.Serializable>);
}

import { serialization } from "@tensorflow/tfjs-core";
import { registerReader } from "@warmstart/init-core";
import { LoraConv2d } from "./lora-conv2d.js";
import { LoraDense } from "./lora-dense.js";
import { LoraEmbedding } from "./lora-embedding.js";

let registered = false;

/** Makes the adapted layers known to tfjs: call it before `tf.loadLayersModel` on a model with adapters. `attach` does it itself. Calling it twice is fine. */
export function registerLayers(): void {
  if (registered) return;
  registered = true;
  for (const layer of [LoraDense, LoraEmbedding, LoraConv2d]) serialization.registerClass(layer as unknown as serialization.SerializableConstructor<serialization.Serializable>);
  registerReader("LoraDense", "Dense");
  registerReader("LoraEmbedding", "Embedding");
  registerReader("LoraConv2d", "Conv2D");
}

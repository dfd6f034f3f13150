import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, WarmstartError } from "@warmstart/init-core";
import type { LoraLayer } from "./lora-layer.js";

/** Classes of adapted layers. By name and not by instanceof, so that two copies of this package agree. */
export const loraClasses: ReadonlySet<string> = new Set(["LoraDense", "LoraEmbedding", "LoraConv2d"]);

/** The adapted layers of a model with their paths, in its order. */
export function loraLayers(model: LayersModel): [path: string, layer: LoraLayer][] {
  return layersOf(model).flatMap(({ path, layer }): [string, LoraLayer][] => (loraClasses.has(layer.getClassName()) ? [[path, layer as LoraLayer]] : []));
}

/** The same, of a model that has some. @throws {WarmstartError} MODEL_STATE. */
export function requireLoraLayers(model: LayersModel, caller: string): [path: string, layer: LoraLayer][] {
  const found = loraLayers(model);
  if (found.length === 0) throw new WarmstartError("MODEL_STATE", `${caller}: the model "${model.name}" carries no adapters. Attach some first: initialize(model, kaiming({ r: 8 })).`, { model: model.name });
  return found;
}

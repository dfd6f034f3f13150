import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, weightsOf } from "./structure.js";

/**
 * Frees a model and all its weights. tfjs' own `model.dispose()` forgets the weights of a layer that is applied more than
 * once. A model built by a rewrite shares buffers with its base: disposing either leaves the other whole.
 */
export function disposeModel(model: LayersModel): void {
  const variables = layersOf(model).flatMap(({ layer }) => weightsOf(layer).map(({ variable }) => variable));
  model.dispose();
  for (const variable of variables) if (!variable.isDisposed) variable.dispose();
}

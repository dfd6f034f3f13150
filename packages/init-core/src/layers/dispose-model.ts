import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, weightsOf } from "./structure.js";

/**
 * Frees a model and all its weights. tfjs' own `model.dispose()` forgets the weights of a layer that is applied more than
 * once, and does not reach layers inside TimeDistributed. A model built by a rewrite shares buffers with its base: disposing
 * either leaves the other whole.
 */
export function disposeModel(model: LayersModel): void {
  const found = layersOf(model);
  const variables = found.flatMap(({ layer }) => weightsOf(layer).map(({ variable }) => variable));
  model.dispose();
  for (const { layer } of found) {
    try {
      layer.dispose(); // what it holds beside its weights, where model.dispose() did not reach it
    } catch {
      // tfjs refuses to dispose a layer twice, or one that only its wrapper has called; the weights are freed below.
    }
  }
  for (const variable of variables) if (!variable.isDisposed) variable.dispose();
}

// Fresh weights for a model: drawn by each layer's own initializer, from one seed.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { drawWeights } from "@warmstart/init-core";

type Json = Record<string, unknown>;

/**
 * Weights drawn anew. Seeds that the initializers have are left out: they would draw the very weights again that the model was
 * made with. The model is left alone.
 *
 * @returns by parameter path; the caller disposes them.
 */
export function freshWeights(model: LayersModel, seed: number): Record<string, Tensor> {
  return drawWeights(model, { edit: (_, { className, config }) => ({ className, config: withoutSeeds(config) }), seed });
}

const withoutSeeds = (config: Json): Json => JSON.parse(JSON.stringify(config, (key, value: Json | null) => {
  const own = key.endsWith("Initializer") ? (value?.config as Json | undefined) : undefined;
  return own === undefined ? value : { ...value, config: { ...own, seed: undefined } };
})) as Json;

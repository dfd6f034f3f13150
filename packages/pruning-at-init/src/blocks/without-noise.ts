import type { LayersModel } from "@tensorflow/tfjs-layers";
import { rewriteModel } from "@warmstart/init-core";

const rates: Readonly<Record<string, "rate" | "stddev">> = { Dropout: "rate", SpatialDropout1D: "rate", GaussianDropout: "rate", AlphaDropout: "rate", GaussianNoise: "stddev" };

/**
 * A copy of the model that shares its buffers, with dropout and noise off: passes in training mode are repeatable, and what they do
 * to the statistics of batch normalization is done to the copy. The caller disposes it.
 */
export function withoutNoise(model: LayersModel): LayersModel {
  return rewriteModel(model, {
    edit: (_, { className, config }) => {
      const rate = rates[className];
      return rate === undefined ? undefined : { className, config: { ...config, [rate]: 0 } };
    },
  });
}

import { checkFinite, checkStd } from "../random/fill.js";
import { randomTruncatedNormal } from "../random/normal.js";
import { defineShapeInitializer } from "./shape-initializer.js";

export interface TruncatedNormalOptions {
  /** Default 0. */
  readonly mean: number;
  /** Standard deviation of the weights, after cutting. Default 0.02, what transformers start with. */
  readonly std: number;
}

/**
 * Normal weights without tails, cut at two standard deviations of the uncut law; `std` is what comes out, where tfjs' and
 * torch's give 12 % less than asked for.
 *
 * @throws {WarmstartError} INVALID_OPTION for a negative or infinite std or mean.
 *
 * @example
 * tf.layers.embedding({ inputDim: 4096, outputDim: 96, embeddingsInitializer: truncatedNormal({ std: 0.02, seed: 1 }) });
 */
export const truncatedNormal = /* @__PURE__ */ defineShapeInitializer<TruncatedNormalOptions>({
  className: "WarmstartTruncatedNormal",
  options({ mean = 0, std = 0.02 }) {
    checkFinite("truncatedNormal", { mean });
    checkStd("truncatedNormal", std);
    return { mean, std };
  },
  values: (shape, options, { seed }) => randomTruncatedNormal(shape, { ...options, seed }),
});

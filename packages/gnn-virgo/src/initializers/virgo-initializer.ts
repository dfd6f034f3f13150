// A variance that was computed elsewhere, as a tfjs initializer.
import { defineShapeInitializer, randomNormal, randomTruncatedNormal, randomUniform, WarmstartError } from "@warmstart/init-core";
import type { Tensor } from "@tensorflow/tfjs-core";

/**
 * - `uniform`: between ±√(3 variance), as in the authors' code;
 * - `normal`;
 * - `truncatedNormal`: cut at two standard deviations of the uncut law, and widened so that the variance is right. */
export type VirgoDistribution = "uniform" | "normal" | "truncatedNormal";

export interface VirgoInitializerOptions {
  /** Of the weights, positive: an entry of `virgoPlan(…).variance`. Default 1. */
  readonly variance: number;
  /** Default "uniform". */
  readonly distribution: VirgoDistribution;
}

/** Weights of mean 0 and a given variance. */
export function drawWithVariance(distribution: VirgoDistribution, shape: readonly number[], variance: number, seed: number): Tensor {
  const std = Math.sqrt(variance);
  if (distribution === "normal") return randomNormal(shape, { std, seed });
  if (distribution === "truncatedNormal") return randomTruncatedNormal(shape, { std, seed });
  const bound = Math.sqrt(3 * variance);
  return randomUniform(shape, { minval: -bound, maxval: bound, seed });
}

export function checkDistribution(caller: string, distribution: VirgoDistribution): void {
  if (!["uniform", "normal", "truncatedNormal"].includes(distribution)) throw new WarmstartError("INVALID_OPTION", `${caller}: distribution must be one of "uniform", "normal", "truncatedNormal", got ${JSON.stringify(distribution)}.`, { distribution });
}

/**
 * Weights with the variance of a plan's layer, for a layer that is yet to be built. The variance alone is saved with the model,
 * not the graph that it came from.
 *
 * @throws {WarmstartError} INVALID_OPTION for a variance that is not positive, or an unknown distribution.
 *
 * @example
 * gcnConv({ units: 64, kernelInitializer: virgoInitializer({ variance: plan.variance[0], seed: 1 }) });
 */
export const virgoInitializer = /* @__PURE__ */ defineShapeInitializer<VirgoInitializerOptions>({
  className: "WarmstartVirgo",
  options({ variance = 1, distribution = "uniform" }) {
    if (!(variance > 0) || !Number.isFinite(variance)) throw new WarmstartError("INVALID_OPTION", `virgoInitializer: variance must be positive and finite, got ${variance}. Take an entry of virgoPlan(…).variance.`, { variance });
    checkDistribution("virgoInitializer", distribution);
    return { variance, distribution };
  },
  values: (shape, { variance, distribution }, { seed }) => drawWithVariance(distribution, shape, variance, seed),
});

// Random masks: the baseline that good densities make hard to beat (Liu et al., The unreasonable effectiveness of random pruning, ICLR 2022).
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { randomGenerator, subSeed, WarmstartError, type Initializer, type Network, type Parameter } from "@warmstart/init-core";
import { erkDensities, type ErkMode } from "../masks/erk-densities.js";
import { maskInitializer, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import { smartRatioDensities, type SmartRatioOptions } from "../masks/smart-ratio-densities.js";

/** Densities of kernels: a published rule, or numbers by path. */
export type Distribution = ErkMode | "smartRatio" | Readonly<Record<string, number>>;

export interface RandomMasksOptions extends MaskOptions, SmartRatioOptions {
  /** How many weights each kernel keeps. Default "erk"; "global" draws over all kernels alike. */
  readonly distribution?: Distribution | "global";
}

/**
 * Random masks with exact counts a kernel, `clamp(round(density · size), 1, size)`, by ERK unless told otherwise. The official code of
 * ERK draws each weight by itself, so that its counts vary.
 *
 * @throws {WarmstartError} INVALID_OPTION, when planning for a distribution by path that lacks a kernel.
 *
 * @example
 * await initialize(model, randomMasks({ density: 0.05, distribution: "erk" }), { seed: 1 });
 */
export function randomMasks(options: RandomMasksOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  const { distribution = "erk" } = options;
  return maskInitializer("random", options, ({ settings: { parameters }, positions, init, density, prune }) => {
    const densities = distribution === "global" ? undefined : densitiesBy(distribution, parameters, density, options);
    const draws = () => new Map(parameters.map(({ path, shape }, i) => {
      const { uniform } = randomGenerator(subSeed(init.seed ?? 0, positions[i]!));
      return [path, Float32Array.from({ length: shape.reduce((all, size) => all * size, 1) }, uniform)] as const;
    }));
    return prune(() => ({ scores: draws() }), densities ? { densities } : {});
  });
}

function densitiesBy(distribution: Distribution, parameters: readonly Parameter[], density: number, options: SmartRatioOptions): Record<string, number> {
  if (typeof distribution === "object") {
    const missing = parameters.find(({ path }) => distribution[path] === undefined);
    if (missing !== undefined) throw new WarmstartError("INVALID_OPTION", `random: \`distribution\` has no density for "${missing.path}". Give one a kernel, or leave that kernel out with \`include\`.`, { path: missing.path });
    return { ...distribution };
  }
  const list = distribution === "smartRatio" ? smartRatioDensities(parameters, density, options) : erkDensities(parameters, density, distribution);
  return Object.fromEntries(parameters.map(({ path }, i) => [path, list[i]!]));
}

// Magnitude at initialization: a baseline, which variance scaling makes prefer narrow layers.
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { networkOf, type Initializer, type Network } from "@warmstart/init-core";
import { maskInitializer, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import type { ScoreMap } from "../masks/select-masks.js";
import { prunableParameters, type PrunableOptions } from "./prunable.js";
import { readScores, requireScores } from "./read-scores.js";
import type { ScoreSettings } from "./score-settings.js";

/**
 * |w| by kernel path.
 *
 * @throws {WarmstartError} NOT_FINITE, NO_MATCH, INSUFFICIENT_DATA where all weights are zero.
 *
 * @example
 * const masks = selectMasks(await magnitudeScores(model), { density: 0.1, scope: "local" });
 */
export async function magnitudeScores(target: LayersModel | Network, options: PrunableOptions = {}): Promise<ScoreMap> {
  const network = "sites" in target ? target : networkOf(target);
  return scoreMagnitude({ caller: "magnitudeScores", network, parameters: prunableParameters(network, options, "magnitudeScores") });
}

async function scoreMagnitude({ caller, parameters }: ScoreSettings): Promise<ScoreMap> {
  const scores = await readScores(caller, Object.fromEntries(parameters.map(({ path, variable }) => [path, tf.abs(variable)])));
  requireScores(caller, scores, "All weights are zero.");
  return scores;
}

/**
 * Masks by the weights' absolute values. Globally it empties the widest layers first: a baseline, not a recommendation.
 *
 * @example
 * await initialize(model, magnitude({ density: 0.1, scope: "local" }));
 */
export function magnitude(options: MaskOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  return maskInitializer("magnitude", options, ({ settings, prune }) => prune(async () => ({ scores: await scoreMagnitude(settings) })));
}

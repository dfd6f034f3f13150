// SNIP (Lee, Ajanthan, Torr, ICLR 2019, arXiv:1810.02340): the sensitivity |w · ∂L/∂w| of the loss to each weight's presence.
// The authors' code prunes biases, too, and may score with one initialization and train another; here kernels alone (`includeBiases`), one initialization (`reinit`).
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Data, Initializer, LabelledBatch, Network } from "@warmstart/init-core";
import { maskInitializer, type IterativeOptions, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import { withMasked } from "../masks/prune-in-rounds.js";
import type { ScoreMap } from "../masks/select-masks.js";
import { sumGradients, type LossOptions } from "./loss-gradients.js";
import { openNetwork, prunableParameters, type PrunableOptions } from "./prunable.js";
import { absoluteSum, readScores, requireScores } from "./read-scores.js";
import type { Scored, ScoreSettings } from "./score-settings.js";

export interface SnipScoreOptions extends LossOptions, PrunableOptions {}

/** Why all scores may be zero. */
export const noGradient = "Either no gradient arrives (dead units, a loss that does not depend on the data) or all weights are zero.";

/** Scores of SNIP, and what they were made of. */
export interface SnipScores {
  /** |w · g| over their sum, by kernel path. */
  readonly scores: ScoreMap;
  /** That sum. */
  readonly sum: number;
  /** Mean of the batches' losses. */
  readonly loss: number;
}

/**
 * SNIP's connection sensitivities `|w · ∂L/∂w|`, divided by their sum. Over several batches the signed gradients of the mean losses are
 * added, the absolute value comes last. `bnMode` defaults to "eval".
 *
 * @returns scores on the host; the target is as it was, nothing stays allocated.
 * @throws {WarmstartError} NOT_FINITE, INSUFFICIENT_DATA (no batch, or all scores zero), MODEL_STATE for a kernel that the loss does not
 *   depend on, SHAPE_MISMATCH and INVALID_OPTION for labels that do not fit, NO_MATCH.
 *
 * @example
 * const { scores } = await snipScores(model, [{ xs, ys }]);
 */
export async function snipScores(target: LayersModel | Network, data: Data<LabelledBatch>, options: SnipScoreOptions = {}): Promise<SnipScores> {
  const { network, close } = openNetwork(target);
  try {
    const { scores, figure } = await scoreSnip(data, { caller: "snipScores", network, parameters: prunableParameters(network, options, "snipScores") }, options);
    const sum = absoluteSum(scores);
    for (const values of scores.values()) for (let i = 0; i < values.length; i++) values[i] = values[i]! / sum;
    return { scores, sum, loss: figure! };
  } finally {
    close();
  }
}

/** Raw scores at the values given; "dense" multiplies the weights from before masking, as FORCE does. */
export async function scoreSnip(data: Data<LabelledBatch>, { caller, network, parameters, values = {}, signal, onBatchStatistics }: ScoreSettings, { loss, bnMode = "eval" }: LossOptions, weights: "masked" | "dense" | "none" = "masked"): Promise<Scored> {
  const { sums, loss: figure } = await sumGradients(data, { caller, network, parameters, values, signal, onBatchStatistics, bnMode, ...(loss ? { loss } : {}) });
  const saliencies: Record<string, Tensor> = {};
  for (const { path, variable } of parameters) saliencies[path] = tf.tidy(() => (weights === "none" ? tf.square(sums[path]!) : tf.abs(tf.mul(weights === "dense" ? variable : (values[path] ?? variable), sums[path]!))));
  tf.dispose(sums);
  const scores = await readScores(caller, saliencies);
  requireScores(caller, scores, noGradient);
  return { scores, figure };
}

export interface SnipOptions extends MaskOptions, IterativeOptions, SnipScoreOptions {
  /** One batch in the paper. For several rounds an array, or a function that makes the batches anew. */
  readonly data: Data<LabelledBatch>;
}

/**
 * Masks by SNIP: the kernels are pruned in place, and `result.keep(optimizer)` keeps them so. With `iterations` the weights left are scored
 * again in each round, pruned ones stay pruned (Iter-SNIP).
 *
 * @example
 * const { result: pruned } = await initialize(model, snip({ density: 0.1, data: [{ xs, ys }] }));
 * model.compile({ optimizer: pruned.keep(tf.train.adam(1e-3)), loss: "categoricalCrossentropy" });
 */
export function snip(options: SnipOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  return maskInitializer("snip", options, ({ settings, prune }) => prune((masks) => withMasked(settings.parameters, masks, (values) => scoreSnip(options.data, { ...settings, values }, options)), { figure: "loss" }));
}

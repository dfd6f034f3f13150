// GraSP (Wang, Zhang, Grosse, ICLR 2020, arXiv:2002.07376): keeps the weights whose removal would lower the gradient norm. The paper prunes the largest
// −θ·(Hg); scores here are +θ·(Hg), higher = keep. The authors' code keeps ties and one weight more, re-draws the classifier of the scored copy, and divides by
// |Σ S| + 1e-10, a sum that nearly cancels under batch statistics; here exact counts, the weights as they are (`reinitHead`), and Σ|S|.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError, type Data, type Initializer, type InitOptions, type LabelledBatch, type Network } from "@warmstart/init-core";
import { maskInitializer, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import type { ScoreMap } from "../masks/select-masks.js";
import { drawnHead } from "./drawn-head.js";
import { gradientAndProduct } from "./gradient-and-product.js";
import type { LossOptions, LossSettings } from "./loss-gradients.js";
import { openNetwork, prunableParameters, type PrunableOptions } from "./prunable.js";
import { absoluteSum, readScores, requireScores } from "./read-scores.js";
import type { ScoreSettings } from "./score-settings.js";
import { noGradient } from "./snip.js";

export interface GraspScoreOptions extends LossOptions, Pick<PrunableOptions, "include"> {
  /** Of the softmax in the loss. Default 200, which makes it almost uniform. */
  readonly temperature?: number;
  /** Batch statistics, as the authors ("train", default), or moving ones ("eval"). */
  readonly bnMode?: "train" | "eval";
  /** Divides scores by |Σ S| + 1e-10 (the authors), by Σ|S| (default), or not. */
  readonly normalize?: "signedSum" | "absSum" | "none";
  /**
   * Scores with the dense layers at the end drawn anew, by Xavier's normal law from the seed, as the authors' code does for the copy that it scores; the
   * network itself keeps its own. These layers are those behind the last kernel of another kind, or where all are dense the last alone. Default false.
   */
  readonly reinitHead?: boolean;
}

/** Scores of GraSP, and what they were made of. */
export interface GraspScores {
  /** θ·(Hg) over `norm`, by kernel path. */
  readonly scores: ScoreMap;
  readonly norm: number;
  /** ‖g‖² of each kernel, divided by `norm`. Where a kernel feeds a batch normalization in training mode, −‖g‖² is the sum of its scores. */
  readonly squaredGradientNorms: Readonly<Record<string, number>>;
  /** Mean loss of the batches, at the temperature. */
  readonly loss: number;
}

/**
 * GraSP's `θ·(Hg)`, by exact Hessian–vector products. g is the sum of the batches' gradients over the scored kernels; each batch is a
 * chunk, with batch statistics and a Hessian of its own, as the authors' halves.
 *
 * @param data gone through twice, an array of one batch once: an array, or a function that makes the batches anew. Ten samples a class in the authors' configurations.
 * @returns scores on the host; the target is as it was, nothing stays allocated.
 * @throws {WarmstartError} as `snipScores`; INVALID_OPTION for a temperature that is not positive; NO_MATCH for \`reinitHead\` where the last kernel is not dense.
 *
 * @example
 * const { scores } = await graspScores(model, [{ xs, ys }]);
 */
export async function graspScores(target: LayersModel | Network, data: Data<LabelledBatch>, options: GraspScoreOptions & Pick<InitOptions, "seed"> = {}): Promise<GraspScores> {
  const { normalize = "absSum", seed = 0 } = options;
  const { network, close } = openNetwork(target);
  try {
    const { scores, loss, squaredNorms } = await scoreGrasp(data, { caller: "graspScores", network, parameters: prunableParameters(network, options, "graspScores") }, options, seed);
    let signed = 0;
    for (const values of scores.values()) for (const value of values) signed += value;
    const norm = normalize === "none" ? 1 : normalize === "absSum" ? absoluteSum(scores) : Math.abs(signed) + 1e-10;
    for (const values of scores.values()) for (let i = 0; i < values.length; i++) values[i] = values[i]! / norm;
    return { scores, norm, loss, squaredGradientNorms: Object.fromEntries(Object.entries(squaredNorms).map(([path, square]) => [path, square / norm])) };
  } finally {
    close();
  }
}

async function scoreGrasp(data: Data<LabelledBatch>, { caller, network, parameters, signal, onBatchStatistics }: ScoreSettings, { loss: lossFunction, bnMode = "train", temperature = 200, reinitHead = false }: GraspScoreOptions, seed: number) {
  if (!(temperature > 0 && Number.isFinite(temperature))) throw new WarmstartError("INVALID_OPTION", `${caller}: \`temperature\` must be positive, got ${temperature}.`, { temperature });
  const values = reinitHead ? drawnHead(network, caller, seed) : {};
  const settings: LossSettings = { caller, network, parameters, values, onBatchStatistics, bnMode, temperature, ...(lossFunction ? { loss: lossFunction } : {}), ...(signal ? { signal } : {}) };
  try {
    const { gradients, products, loss } = await gradientAndProduct(data, settings);
    try {
      const kept: Record<string, Tensor> = {};
      for (const { path, variable } of parameters) kept[path] = tf.mul(values[path] ?? variable, products[path]!);
      tf.dispose(products);
      const scores = await readScores(caller, kept);
      requireScores(caller, scores, noGradient);
      const squares = tf.tidy(() => tf.stack(parameters.map(({ path }) => tf.sum(tf.square(gradients[path]!)))));
      const squaredNorms = await squares.data();
      squares.dispose();
      return { scores, loss, squaredNorms: Object.fromEntries(parameters.map(({ path }, i) => [path, squaredNorms[i]!])) };
    } finally {
      tf.dispose(gradients);
    }
  } finally {
    tf.dispose(values);
  }
}

export interface GraspOptions extends MaskOptions, GraspScoreOptions {
  /** Gone through twice, an array of one batch once: an array, or a function that makes the batches anew. Ten samples a class. */
  readonly data: Data<LabelledBatch>;
}

/**
 * Masks by GraSP, in one round (the authors advise against more).
 *
 * @example
 * const { result: pruned } = await initialize(model, grasp({ density: 0.1, data: [{ xs, ys }] }));
 */
export function grasp(options: GraspOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  return maskInitializer("grasp", options, ({ settings, init: { seed = 0 }, prune }) =>
    prune(async () => {
      const { scores, loss } = await scoreGrasp(options.data, settings, options, seed);
      return { scores, figure: loss };
    }, { figure: "loss", iterations: 1 }),
  );
}

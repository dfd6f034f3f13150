// How much each residual block matters, by one of several criteria. For SNIP and GraSP see A. Jordao et al., arXiv:2301.10835, section 3.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { randomGenerator, subSeed, WarmstartError, type Data, type InitOptions, type LabelledBatch, type Loss, type Parameter } from "@warmstart/init-core";
import { ablationScores } from "./ablation-scores.js";
import { activationScores } from "./activation-scores.js";
import { findResidualBlocks, type ResidualBlock } from "./find-residual-blocks.js";
import { gradientScores } from "./gradient-scores.js";
import { disposeBatches, takeBatches } from "./scoring-batches.js";
import { candidateBlocks } from "./select-blocks.js";

/** Scores of the candidates, in their order; higher is better. The batches stay the caller's. */
export type OwnCriterion = (model: LayersModel, candidates: readonly ResidualBlock[], batches: readonly LabelledBatch[]) => readonly number[] | Promise<readonly number[]>;

/**
 * By which the blocks are ranked; the lowest scores go. At initialization "grasp" (the paper's best) and "snip"; "gate", the
 * derivative by a factor on the branch; "random". For trained networks "kl" and "cka": how far the outputs, or the inputs of
 * the last layer, move without the block; "expectedAbs" and "hrank": the mean |activation| at the block's output, and the mean rank of its maps over their side.
 */
export type BlockCriterion = "grasp" | "snip" | "gate" | "random" | "kl" | "cka" | "expectedAbs" | "hrank" | OwnCriterion;

export interface BlockScoreOptions {
  /** Default "grasp". */
  readonly criterion?: BlockCriterion;
  /** Labelled batches, one of 10 samples a class or so. Needed by all criteria but "random"; "kl", "cka", "expectedAbs" and "hrank" leave the labels alone. */
  readonly data?: Data<LabelledBatch>;
  /** How many batches are used, at most. Default 1. */
  readonly maxBatches?: number;
  /** Labels first, logits second, whose softmax or sigmoid at the model's end is taken off; the mean over the batch. Default: softmax cross-entropy on one-hot labels or class numbers. */
  readonly loss?: Loss;
  /** The logits are divided by it (T). Default 200 for "grasp", 1 for the others. */
  readonly temperature?: number;
  /** Whether the scores of a block's weights are added, or their mean is taken. Default "sum". */
  readonly aggregate?: "sum" | "mean";
  /** Batch normalization by the batch, or by the moving statistics. Of "grasp", "snip" and "gate". Default "train". */
  readonly bnMode?: "train" | "eval";
  /** How "grasp" gets its Hessian–vector product: "exact"; "normShortcut", minus the squared norm of the gradient, which is the same where batch normalization in training mode follows every kernel; "auto" takes the shortcut exactly there. Default "auto". */
  readonly hvp?: "auto" | "exact" | "normShortcut";
  /** Which kernels take part: the others are not scored, and are constants in the Hessian–vector product. Default all, those outside the blocks too. */
  readonly include?: (parameter: Parameter) => boolean;
}

export interface ScoreBlocksOptions extends BlockScoreOptions, InitOptions {
  /** Which blocks are scored. Default: `candidateBlocks(findResidualBlocks(model))`. */
  readonly blocks?: readonly ResidualBlock[];
}

const caller = "scoreBlocks";

/**
 * The score of each block, by id; **the lowest go first**. The model is left alone, statistics included.
 *
 * SNIP adds |w · g| over the kernels of a block, GraSP w · (H g): minus the GraSP authors' scores, of which the largest are
 * pruned. g is the gradient by all kernels of the network, without biases and normalization. The paper does not say how scores
 * of weights become the score of a block; the sum, to first order what removing all of them does to the loss or the gradient
 * norm, is ours. Over several batches the gradients of the mean losses are added. Dropout is off.
 *
 * @throws {WarmstartError} INVALID_OPTION; INSUFFICIENT_DATA without data, or for a batch of one under batch normalization; SHAPE_MISMATCH
 *   for labels that do not fit; NOT_FINITE naming the parameter or block; MODEL_STATE for a kernel that the loss does not depend on.
 *
 * @example
 * const scores = await scoreBlocks(model, { criterion: "snip", data: [{ xs, ys }] });
 */
export async function scoreBlocks(model: LayersModel, options: ScoreBlocksOptions = {}): Promise<Map<string, number>> {
  const { criterion = "grasp", blocks = candidateBlocks(findResidualBlocks(model)), data, maxBatches = 1, signal } = options;
  checkOptions(options);
  if (criterion === "random") return randomScores(model, blocks, options);
  if (data === undefined) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: the criterion ${nameOf(criterion)} needs \`data\`: an array of { xs, ys }, for instance. Only "random" does without.`);
  const batches = await takeBatches(data, caller, maxBatches, signal);
  try {
    const values = await scoresBy(criterion, model, blocks, batches, options);
    requireFinite(blocks, values, criterion);
    return new Map(blocks.map(({ id }, i) => [id, values[i]!]));
  } finally {
    disposeBatches(batches);
  }
}

function scoresBy(criterion: Exclude<BlockCriterion, "random">, model: LayersModel, blocks: readonly ResidualBlock[], batches: readonly LabelledBatch[], options: ScoreBlocksOptions): readonly number[] | Promise<readonly number[]> {
  if (typeof criterion === "function") return criterion(model, blocks, batches);
  if (criterion === "expectedAbs" || criterion === "hrank") return activationScores(criterion, model, blocks, batches, options);
  return criterion === "kl" || criterion === "cka" ? ablationScores(criterion, model, blocks, batches, options) : gradientScores(criterion, model, blocks, batches, options);
}

export const nameOf = (criterion: BlockCriterion): string => (typeof criterion === "function" ? "of your own" : `"${criterion}"`);

const criteria: readonly unknown[] = ["grasp", "snip", "gate", "random", "kl", "cka", "expectedAbs", "hrank"];

/** Throws on options that cannot work, before any data are read. */
export function checkOptions({ criterion = "grasp", temperature = 1, aggregate = "sum", bnMode = "train", hvp = "auto", maxBatches = 1 }: BlockScoreOptions): void {
  const check = (name: string, value: unknown, ok: boolean, needed: string) => {
    if (!ok) throw new WarmstartError("INVALID_OPTION", `${caller}: \`${name}\` must be ${needed}, got ${String(value)}.`, { [name]: value });
  };
  check("criterion", criterion, typeof criterion === "function" || criteria.includes(criterion), `one of ${criteria.join(", ")} or a function`);
  check("temperature", temperature, temperature > 0 && Number.isFinite(temperature), "a positive number");
  check("aggregate", aggregate, ["sum", "mean"].includes(aggregate), '"sum" or "mean"');
  check("bnMode", bnMode, ["train", "eval"].includes(bnMode), '"train" or "eval"');
  check("hvp", hvp, ["auto", "exact", "normShortcut"].includes(hvp), '"auto", "exact" or "normShortcut"');
  check("maxBatches", maxBatches, Number.isInteger(maxBatches) && maxBatches >= 1, "a positive integer");
}

function requireFinite(blocks: readonly ResidualBlock[], values: readonly number[], criterion: BlockCriterion): void {
  if (values.length !== blocks.length) throw new WarmstartError("INVALID_OPTION", `${caller}: the criterion gave ${values.length} scores for ${blocks.length} blocks. Give one a block, in the order of the candidates.`, { scores: values.length, blocks: blocks.length });
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new WarmstartError("NOT_FINITE", `${caller}: the score of "${blocks[bad]!.id}" by the criterion ${nameOf(criterion)} is ${values[bad]}. Score on smaller inputs, or with batch statistics (\`bnMode: "train"\`).`, { id: blocks[bad]!.id });
}

/** Drawn by the block's place among all Adds: the same whatever the layers are called, and whichever blocks are left. */
function randomScores(model: LayersModel, blocks: readonly ResidualBlock[], { seed = 0, signal, onProgress }: ScoreBlocksOptions): Map<string, number> {
  signal?.throwIfAborted();
  const places = new Map(findResidualBlocks(model).map(({ id }, i) => [id, i]));
  const scores = new Map(blocks.map(({ id }) => [id, randomGenerator(subSeed(subSeed(seed, "layer lottery"), places.get(id)!)).uniform()]));
  onProgress?.({ stage: "drawing scores", done: blocks.length, total: blocks.length });
  signal?.throwIfAborted();
  return scores;
}

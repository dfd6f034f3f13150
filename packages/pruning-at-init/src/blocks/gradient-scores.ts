// Blocks scored by first and second derivatives at the weights they have: GraSP, SNIP and the gate.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { disposeModel, WarmstartError, type LabelledBatch, type Parameter } from "@warmstart/init-core";
import { gradientAndProduct } from "../scores/gradient-and-product.js";
import { sumGradients, type LossSettings } from "../scores/loss-gradients.js";
import { openNetwork, prunableParameters } from "../scores/prunable.js";
import { thinNormalization } from "../scores/thin-normalization.js";
import type { ResidualBlock } from "./find-residual-blocks.js";
import { gateParameters } from "./gate-parameters.js";
import { normalizedLayers } from "./normalized-layers.js";
import type { ScoreBlocksOptions } from "./score-blocks.js";
import { sizeOf } from "./scoring-batches.js";
import { withoutNoise } from "./without-noise.js";

const caller = "scoreBlocks";

type GradientCriterion = "grasp" | "snip" | "gate";

/** The scores of `blocks`, in their order. The model is left alone. */
export async function gradientScores(criterion: GradientCriterion, model: LayersModel, blocks: readonly ResidualBlock[], batches: readonly LabelledBatch[], options: ScoreBlocksOptions): Promise<number[]> {
  const { loss, bnMode = "train", aggregate = "sum", temperature = criterion === "grasp" ? 200 : 1, signal, onProgress } = options;
  if (bnMode === "train") requireVariance(model, batches);
  if (loss === undefined) requireLabels(model, batches);
  const quiet = withoutNoise(model);
  const { network, close } = openNetwork(quiet);
  try {
    const settings = { caller, network, bnMode, temperature, ...(loss ? { loss } : {}), ...(signal ? { signal } : {}) };
    const progress = () => {
      onProgress?.({ stage: `${criterion} of blocks`, done: 1, total: 1 });
      signal?.throwIfAborted();
    };
    if (criterion === "gate") {
      const gates = gateParameters(quiet, network, blocks);
      const byPath = await signedSums(batches, { ...settings, parameters: [...new Set([...gates.values()].flat())] });
      progress();
      return blocks.map(({ id }) => Math.abs(gates.get(id)!.reduce((sum, { path }) => sum + byPath.get(path)!, 0)));
    }
    const kernels = prunableParameters(network, options, caller).filter(({ role }) => role !== "embedding");
    const shortcut = criterion === "grasp" && usesShortcut(quiet, kernels, blocks, options);
    const byPath = await (criterion === "snip" ? snipSums : shortcut ? negativeNorms : graspSums)(batches, { ...settings, parameters: kernels });
    progress();
    const sizes = new Map(kernels.map(({ path, shape }) => [path, tf.util.sizeFromShape([...shape])]));
    return blocks.map((block) => {
      const own = block.kernels.filter((path) => byPath.has(path));
      const sum = own.reduce((total, path) => total + byPath.get(path)!, 0);
      return aggregate === "sum" ? sum : sum / Math.max(1, own.reduce((total, path) => total + sizes.get(path)!, 0));
    });
  } finally {
    close();
    disposeModel(quiet);
  }
}

type Sums = Promise<Map<string, number>>;

/** `Σ |w · g|` of each parameter. */
const snipSums = (batches: readonly LabelledBatch[], settings: LossSettings): Sums => gradientSums(batches, settings, (weight, gradient) => tf.sum(tf.abs(tf.mul(weight, gradient))));

/** `Σ w · g`. */
const signedSums = (batches: readonly LabelledBatch[], settings: LossSettings): Sums => gradientSums(batches, settings, (weight, gradient) => tf.sum(tf.mul(weight, gradient)));

/** `−‖g‖²`. */
const negativeNorms = (batches: readonly LabelledBatch[], settings: LossSettings): Sums => gradientSums(batches, settings, (_, gradient) => tf.neg(tf.sum(tf.square(gradient))));

async function gradientSums(batches: readonly LabelledBatch[], settings: LossSettings, f: (weight: Tensor, gradient: Tensor) => Tensor): Sums {
  const { sums } = await sumGradients(batches, settings);
  try {
    return await perParameter(settings.parameters, sums, f);
  } finally {
    tf.dispose(sums);
  }
}

/** `Σ w · (H g)`, H and g those of all kernels. */
async function graspSums(batches: readonly LabelledBatch[], settings: LossSettings): Sums {
  const { gradients, products } = await gradientAndProduct(batches, settings);
  try {
    return await perParameter(settings.parameters, products, (weight, product) => tf.sum(tf.mul(weight, product)));
  } finally {
    tf.dispose([gradients, products]);
  }
}

/** One number a parameter, by path, read in one go. */
async function perParameter(parameters: readonly Parameter[], tensors: Readonly<Record<string, Tensor>>, f: (weight: Tensor, tensor: Tensor) => Tensor): Sums {
  const stacked = tf.tidy(() => tf.stack(parameters.map(({ path, variable }) => f(variable, tensors[path]!))));
  const values = await stacked.data();
  stacked.dispose();
  return new Map(parameters.map(({ path }, i) => [path, values[i]!]));
}

/**
 * Whether `Σ w · (H g)` of every block is −‖g‖², so that the gradient alone gives GraSP. Where batch normalization in training mode
 * follows a kernel, the loss is blind to the kernel's scale: `Σ w · g = 0` for all w, and differentiating that along g gives it.
 * Exact but for the epsilon of the normalization.
 */
function usesShortcut(model: LayersModel, kernels: readonly Parameter[], blocks: readonly ResidualBlock[], { hvp = "auto", bnMode = "train" }: ScoreBlocksOptions): boolean {
  if (hvp === "exact") return false;
  const normalized = normalizedLayers(model);
  const open = kernels.find(({ path, layer }) => blocks.some((block) => block.kernels.includes(path)) && !normalized.has(layer));
  if (hvp === "auto") return bnMode === "train" && open === undefined;
  if (open !== undefined || bnMode === "eval") throw new WarmstartError("INVALID_OPTION", `${caller}: \`hvp: "normShortcut"\` needs batch normalization in training mode behind every kernel, ${open === undefined ? 'and `bnMode` is "eval"' : `and "${open.path}" has none`}. Use "auto" or "exact".`, { kernel: open?.path });
  return true;
}

/** Looked at before any gradient: tfjs keeps what a loss has saved when it throws. */
function requireLabels({ outputs }: LayersModel, batches: readonly LabelledBatch[]): void {
  const pass = "For other tasks pass `loss: (labels, logits) => scalar`.";
  if (outputs.length !== 1) throw new WarmstartError("INVALID_OPTION", `${caller}: the default loss, softmax cross-entropy, needs one output, the model has ${outputs.length}. ${pass}`);
  const [, ...shape] = outputs[0]!.shape;
  for (const batch of batches) {
    const { ys } = batch;
    const received = Array.isArray(ys) ? undefined : ys.shape;
    const forms = [[sizeOf(batch), ...shape], ...(shape.length === 1 ? [[sizeOf(batch)], [sizeOf(batch), 1]] : [])];
    if (received === undefined || !forms.some((form) => form.length === received.length && form.every((size, axis) => size === null || size === received[axis]))) {
      throw new WarmstartError("SHAPE_MISMATCH", `${caller}: labels must be one-hot, of shape [${forms[0]!.map((size) => size ?? "any")}]${forms.length > 1 ? `, or class numbers, [${forms[1]}]` : ""}; got ${received === undefined ? "several tensors" : `[${received}]`}. ${pass}`, { expected: forms[0], received });
    }
  }
}

/** The variance of a single value is 0: nothing would be left of the signal. */
function requireVariance(model: LayersModel, batches: readonly LabelledBatch[]): void {
  const smallest = Math.min(...batches.map(sizeOf));
  const thin = thinNormalization(model, smallest);
  if (thin !== undefined) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: a batch of ${smallest} gives the batch normalization "${thin}" one value a channel, whose variance is 0. Use batches of 10 samples a class, or \`bnMode: "eval"\`.`, { layer: thin, batch: smallest });
}

// LoRA-SB (Ponkshe, Singhal, et al. 2024, arXiv:2411.19557). Paper and code differ in three places (sample weights, learning rate, width of
// the sketch); the paper is followed. `weighting: "official"` gives the code's sample weights.
import * as tf from "@tensorflow/tfjs-core";
import { observeGradients, subSeed, WarmstartError, type Data, type GradientWeighting, type LabelledBatch, type Loss, type ModelInitializer } from "@warmstart/init-core";
import { kernelMatrix, matrixShape, type LoraPlan, type TrainableFactors } from "../adapter.js";
import { disposeMade, loraInitializer, planOf, resolveTargets, type LoraOptions, type MadeAdapter } from "../initializer.js";
import { kaimingFactors } from "../kaiming.js";
import { loraSbFactors } from "./factors.js";
import type { FirstStepOptions } from "./first-step-update.js";

export interface LoraSbOptions extends Omit<LoraOptions, "loraAlpha" | "useRslora" | "alphaPattern">, Omit<FirstStepOptions, "samples"> {
  /** Some batches of the training data, 0.1 % of it in the paper. */
  readonly data: Data<LabelledBatch>;
  /** The training loss, a mean over the batch. Mask padding and prompts in it. */
  readonly loss: Loss;
  readonly maxSamples?: number;
  readonly maxBatches?: number;
  /** "sum" (paper): every sample counts alike. "official": the authors' code. Default "sum". */
  readonly weighting?: GradientWeighting;
  /** Estimates in training mode, dropout on, as the authors do. Default false: repeatable. */
  readonly training?: boolean;
  /** Gradients alive at once; fewer need less memory and more passes. Default all. */
  readonly layersPerPass?: number;
  /** A layer whose gradient is all zero: an error (default), no adapter, or random bases with a zero core. */
  readonly onZeroGradient?: "throw" | "skip" | "random";
}

const trainCore: TrainableFactors = { down: false, core: true, up: false };

/**
 * Adapters that follow the first full fine-tuning step: `down` and `up` frozen, only the `r × r` core trains, the scale is 1 and needs no tuning.
 * The output at the start differs from the base's by that step, on purpose. Train the core with weight decay 0.
 *
 * @example
 * const start = loraSb({ r: 16, learningRate: 1e-3, data: batches, loss: tf.losses.softmaxCrossEntropy });
 * const { result: model } = await initialize(base, start);
 */
export function loraSb(options: LoraSbOptions): ModelInitializer<LoraPlan> {
  const name = "lora-sb";
  return loraInitializer(name, async (network, init) => {
    const { data, loss, maxSamples, maxBatches, weighting, training, layersPerPass, learningRate, rule, onZeroGradient = "throw" } = options;
    // Scale 1 whatever the rank: alpha = r.
    const targets = resolveTargets(network, options, name, { trainable: trainCore }).map((target) => ({ ...target, spec: { ...target.spec, loraAlpha: target.spec.r, scale: 1 } }));
    const sums = await observeGradients(network, data, {
      ...init,
      caller: name,
      parameters: targets.map(({ site }) => site.kernel),
      loss,
      ...defined({ maxSamples, maxBatches, weighting, training, parametersPerPass: layersPerPass }),
    });
    const made: MadeAdapter[] = [];
    const notes: string[] = [];
    try {
      for (const { site, spec, position } of targets) {
        init.signal?.throwIfAborted();
        const seed = subSeed(init.seed ?? 0, position);
        const gradient = kernelMatrix(sums.get(site.kernel.path)!);
        try {
          const { singularValues, capturedEnergy, ...factors } = await loraSbFactors(gradient, spec.r, { learningRate, ...defined({ rule }), samples: sums.samples, seed });
          made.push({ spec, factors, figures: { "energy captured": capturedEnergy, "σ₁": singularValues[0]! } });
        } catch (error) {
          if (onZeroGradient === "throw" || !WarmstartError.isInstance(error, "INSUFFICIENT_DATA")) throw named(error, site.layer);
          if (onZeroGradient === "random") made.push({ spec, factors: { ...kaimingFactors(matrixShape(site), { r: spec.r, seed }), core: tf.zeros([spec.r, spec.r]) } });
          notes.push(`${site.layer}: the gradient is all zero; ${onZeroGradient === "skip" ? "no adapter" : "random bases and a zero core"}`);
        } finally {
          gradient.dispose();
        }
        init.onProgress?.({ stage: `${name}: factors`, done: made.length, total: targets.length });
      }
      if (made.length === 0) throw new WarmstartError("INSUFFICIENT_DATA", `${name}: every chosen layer has an all-zero gradient. Check the loss.`);
      return planOf(name, network, made, options, init, { facts: { samples: sums.samples, batches: sums.batches, "learning rate": learningRate }, notes });
    } catch (error) {
      disposeMade(made);
      throw error;
    } finally {
      sums.dispose();
    }
  });
}

/** The same error, saying which layer it was. */
function named(error: unknown, layer: string): unknown {
  return WarmstartError.isInstance(error) ? new WarmstartError(error.code, `layer "${layer}": ${error.message}`, { ...error.details, layer }, { cause: error }) : error;
}

/** Drops what is undefined, so that defaults hold. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}

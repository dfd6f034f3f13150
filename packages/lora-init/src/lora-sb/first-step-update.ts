import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";

export interface FirstStepOptions {
  /** Learning rate of the first optimizer step; after a warm-up see {@link firstStepLearningRate}. Without it the update would erase the model. */
  readonly learningRate: number;
  /** "adam": −η·sign(g), Adam's first step (default). "sgd": −η·g/samples. */
  readonly rule?: "adam" | "sgd";
  /** With "sgd": how many samples the gradient is the sum of. Default 1. */
  readonly samples?: number;
}

/**
 * The step that full fine-tuning would take first, from the summed gradient (LoRA-SB, arXiv:2411.19557, initialization).
 *
 * @param gradient `"in out"`, like the kernel.
 * @returns the update, `"in out"`; the caller disposes it.
 */
export function firstStepUpdate(gradient: Tensor2D, options: FirstStepOptions): Tensor2D {
  const { direction, step } = firstStep(gradient, options);
  const update = tf.mul(direction, -step) as Tensor2D;
  direction.dispose();
  return update;
}

/** The update as `-step · direction`, `"in out"`; the caller disposes `direction`. */
export function firstStep(gradient: Tensor2D, { learningRate, rule = "adam", samples = 1 }: FirstStepOptions): { direction: Tensor2D; step: number } {
  if (!(learningRate > 0) || learningRate === Infinity) throw new WarmstartError("INVALID_OPTION", `firstStepUpdate: \`learningRate\` is that of the first training step, positive and finite; got ${learningRate}.`, { learningRate });
  return rule === "adam" ? { direction: tf.sign(gradient), step: learningRate } : { direction: tf.clone(gradient), step: learningRate / samples };
}

/** The learning rate of the first real step under linear warm-up: `learningRate / max(1, warmupSteps)`. */
export function firstStepLearningRate({ learningRate, warmupSteps = 0 }: { readonly learningRate: number; readonly warmupSteps?: number }): number {
  return learningRate / Math.max(1, warmupSteps);
}

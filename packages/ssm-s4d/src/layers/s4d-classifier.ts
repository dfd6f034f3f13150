// The authors' model for classifying sequences (state-spaces/s4, example.py): encoder, blocks, pooling over time, decoder.
import { layers, sequential, type Sequential } from "@tensorflow/tfjs-layers";
import { subSeed, varianceScaling } from "@warmstart/init-core";
import { requireChoice, requireInteger } from "../check.js";
import { s4dBlock } from "./factories.js";
import type { S4DBlockArgs } from "./s4d-block.js";

/** Options of s4dClassifier: those of its blocks, and the model's own. */
export interface S4DClassifierArgs extends Omit<S4DBlockArgs, "name" | "inputShape" | "batchInputShape"> {
  /** `[time, channels]`; time may be null. */
  readonly inputShape: readonly [number | null, number];
  /** Number of outputs. */
  readonly classes: number;
  /** `H`, the width of the model. Default 128. */
  readonly features?: number;
  /** Number of blocks. Default 4. */
  readonly layers?: number;
  /** "mean" over time; "none" gives an output at every step. Default "mean". */
  readonly pooling?: "mean" | "none";
  /** Of the output. "linear" gives logits. Default "softmax". */
  readonly outputActivation?: "softmax" | "linear";
}

/**
 * A `tf.Sequential` that classifies sequences: dense to `features`, blocks, mean over time, dense to `classes`. Not compiled; train it with {@link s4dOptimizer}.
 *
 * @param args starting values of block i come from `subSeed(seed, "block/i")`.
 * @returns the caller disposes it.
 * @throws {WarmstartError} INVALID_OPTION as {@link s4d}, and for numbers below 1.
 *
 * @example
 * const model = s4dClassifier({ inputShape: [784, 1], classes: 10, features: 64, layers: 2, init: "inv" });
 * model.compile({ optimizer: s4dOptimizer(model, { learningRate: 0.01 }), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
 */
export function s4dClassifier({ inputShape, classes, features = 128, layers: count = 4, pooling = "mean", outputActivation = "softmax", seed = 0, ...block }: S4DClassifierArgs): Sequential {
  for (const [name, value] of Object.entries({ classes, features, layers: count })) requireInteger("s4dClassifier", name, value, 1, "It counts outputs, features or blocks.");
  requireChoice("s4dClassifier", "pooling", pooling, ["mean", "none"]);
  const dense = (name: string, units: number, more: object) => layers.dense({ units, name, kernelInitializer: varianceScaling({ scale: 1 / 3, mode: "fanIn", distribution: "uniform", seed: subSeed(seed, name) }) as never, ...more });
  return sequential({
    layers: [
      dense("encoder", features, { inputShape: [...inputShape] }),
      ...Array.from({ length: count }, (_, i) => s4dBlock({ ...block, name: `block_${i}`, seed: subSeed(seed, `block/${i}`) })),
      ...(pooling === "mean" ? [layers.globalAveragePooling1d({ name: "pooling" })] : []),
      dense("decoder", classes, { activation: outputActivation }),
    ],
  });
}

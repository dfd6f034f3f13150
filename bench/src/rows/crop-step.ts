import * as tf from "@tensorflow/tfjs";
import { buildResnet } from "@warmstart/examples/models/resnet";
import { buildVgg16 } from "@warmstart/examples/models/vgg";
import { registerGradients } from "@warmstart/gradients";
import { disposeModel, initialize } from "@warmstart/init-core";
import { preCrop } from "@warmstart/pruning-at-init";
import type { Work } from "../definition.js";
import { integers, noise } from "../material.js";

/** A training step of a network for 32 × 32 images, whole or with half of its multiply-adds; both with the gradients of `@warmstart/gradients`, since tfjs' own take time that no cropping saves. */
export async function prepare(network: "vgg16" | "resnet56", cropped: boolean): Promise<Work> {
  registerGradients();
  const whole = network === "vgg16" ? buildVgg16({ seed: 1 }) : buildResnet({ depth: 56, seed: 1, shortcut: "projection" });
  let model = whole;
  if (cropped) {
    const { result } = await initialize(whole, preCrop({ budget: { flops: 0.5 }, ...(network === "vgg16" ? { roundTo: 8 } : {}) }), { seed: 1 });
    disposeModel(whole);
    model = result;
  }
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: "categoricalCrossentropy" });
  const images = noise<tf.Rank.R4>([32, 32, 32, 3], 1);
  const labels = tf.oneHot(tf.tensor1d(integers(32, 10, 2), "int32"), 10);
  return async () => {
    await model.trainOnBatch(images, labels);
    return { dispose: () => undefined };
  };
}

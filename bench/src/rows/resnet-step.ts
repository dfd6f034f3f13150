import * as tf from "@tensorflow/tfjs";
import { buildResnet } from "@warmstart/examples/models/resnet";
import type { Work } from "../definition.js";
import { integers, noise } from "../material.js";

/** A step of momentum on ResNet-20, on noise of CIFAR-10's shape. */
export async function prepare({ batch = 32 }: { batch?: number } = {}): Promise<Work> {
  const model = buildResnet({ depth: 20, seed: 1 });
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: "categoricalCrossentropy" });
  const images = noise<tf.Rank.R4>([batch, 32, 32, 3], 1);
  const labels = tf.oneHot(tf.tensor1d(integers(batch, 10, 2), "int32"), 10);
  return async () => {
    await model.trainOnBatch(images, labels);
    return { dispose: () => undefined };
  };
}

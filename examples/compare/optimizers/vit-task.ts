import * as tf from "@tensorflow/tfjs";
import { errorOn, randomBatches } from "../image-batches.js";
import { mnist } from "../images.js";
import type { Task } from "./task.js";
import { buildVit } from "./vit.js";

export interface VitTaskOptions {
  readonly steps?: number;
  readonly batch?: number;
  /** Test digits looked at. */
  readonly heldOut?: number;
  readonly width?: number;
  readonly blocks?: number;
}

/** A vision transformer from scratch on MNIST. */
export function vitTask({ steps = 150, batch = 64, heldOut = 2000, width = 64, blocks = 2 }: VitTaskOptions = {}): Task {
  const [train, test] = [mnist("train"), mnist("test")];
  return {
    name: "vit",
    title: `ViT (${blocks} blocks of ${width}, patches of 7 × 7) from scratch on MNIST`,
    metric: "test error, %",
    steps,
    build: (seed) => Promise.resolve(buildVit({ width, blocks, heads: 4, seed })),
    batches: (seed) => randomBatches(train, batch, seed),
    step: (model, optimizer, { xs, ys }) => {
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(ys, model.apply(xs, { training: true }) as tf.Tensor) as tf.Scalar);
      tf.dispose([xs, ys]);
    },
    evaluate: (model) => errorOn(model, test, heldOut),
  };
}

import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import { mnist, type Digits } from "./mnist.js";
import type { Batch, Task } from "./task.js";
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
    batches: (seed) => randomDigits(train, batch, seed),
    step: (model, optimizer, { xs, ys }) => {
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(ys, model.apply(xs, { training: true }) as tf.Tensor) as tf.Scalar);
      tf.dispose([xs, ys]);
    },
    evaluate: async (model) => {
      let wrong = 0;
      for (let at = 0; at < heldOut; at += 500) {
        const indices = Array.from({ length: Math.min(500, heldOut - at) }, (_, i) => at + i);
        const { xs, ys } = digitBatch(test, indices);
        const missed = tf.tidy(() => tf.sum(tf.cast(tf.notEqual(tf.argMax(model.apply(xs) as tf.Tensor, 1), tf.argMax(ys, 1)), "int32")));
        wrong += (await missed.data())[0]!;
        tf.dispose([xs, ys, missed]);
      }
      return (100 * wrong) / heldOut;
    },
  };
}

function* randomDigits(digits: Digits, batch: number, seed: number): Generator<Batch, never> {
  const random = randomGenerator(seed);
  for (;;) yield digitBatch(digits, Array.from({ length: batch }, () => random.integer(digits.count)));
}

/** Pixels from 0 to 1, labels one-hot. */
function digitBatch({ images, labels }: Digits, indices: readonly number[]): Batch {
  const pixels = new Float32Array(indices.length * 784);
  indices.forEach((index, i) => {
    for (let p = 0; p < 784; p++) pixels[i * 784 + p] = images[index * 784 + p]! / 255;
  });
  return tf.tidy(() => ({ xs: tf.tensor4d(pixels, [indices.length, 28, 28, 1]), ys: tf.cast(tf.oneHot(tf.tensor1d(indices.map((index) => labels[index]!), "int32"), 10), "float32") }));
}

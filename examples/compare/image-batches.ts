// Images as tensors: batches to train on, and how many of the held-out ones a model gets right.
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import type { Images } from "./images.js";

/** `xs` float32 `"batch height width channels"`, 0 to 1; `ys` float32 `"batch 10"`, one-hot. */
export interface ImageBatch {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
}

/** The images at these indices; the caller disposes them. */
function imageBatch({ images, labels, shape }: Images, indices: readonly number[]): ImageBatch {
  const size = shape[0] * shape[1] * shape[2];
  const pixels = new Float32Array(indices.length * size);
  indices.forEach((index, i) => {
    for (let p = 0; p < size; p++) pixels[i * size + p] = images[index * size + p]! / 255;
  });
  return tf.tidy(() => ({ xs: tf.tensor4d(pixels, [indices.length, ...shape]), ys: tf.cast(tf.oneHot(tf.tensor1d(indices.map((index) => labels[index]!), "int32"), 10), "float32") as tf.Tensor2D }));
}

/** Batches without end, drawn with replacement, the same for a seed. The caller disposes each. */
export function* randomBatches(images: Images, batch: number, seed: number): Generator<ImageBatch, never> {
  const random = randomGenerator(seed);
  for (;;) yield imageBatch(images, Array.from({ length: batch }, () => random.integer(images.count)));
}

/** One batch with as many images of each of the ten classes; the caller disposes it. */
export function balancedBatch(images: Images, perClass: number, seed: number): ImageBatch {
  const random = randomGenerator(seed);
  const byClass = Array.from({ length: 10 }, (): number[] => []);
  while (byClass.some((indices) => indices.length < perClass)) {
    const index = random.integer(images.count);
    const indices = byClass[images.labels[index]!]!;
    if (indices.length < perClass) indices.push(index);
  }
  return imageBatch(images, byClass.flat());
}

/** Of the first `count` images, how many per cent a model that gives `"batch 10"` logits gets wrong, looking at `batch` at a time. */
export async function errorOn(model: tf.LayersModel, images: Images, count: number, batch = 500): Promise<number> {
  let wrong = 0;
  for (let at = 0; at < count; at += batch) {
    const { xs, ys } = imageBatch(images, Array.from({ length: Math.min(batch, count - at) }, (_, i) => at + i));
    const missed = tf.tidy(() => tf.sum(tf.cast(tf.notEqual(tf.argMax(model.apply(xs) as tf.Tensor, 1), tf.argMax(ys, 1)), "int32")));
    wrong += (await missed.data())[0]!;
    tf.dispose([xs, ys, missed]);
  }
  return (100 * wrong) / count;
}

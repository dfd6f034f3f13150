// Convolution layers train on WebAssembly: the same losses as on tfjs' cpu backend, and gradients that finite differences confirm.
import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "./index.js";
import { values } from "./kernels/compare.fixture.js";

beforeEach(() => void registerTrainingKernels());
afterEach(() => tf.setBackend("wasm"));

const { layers } = tf;
const inputShape = [9, 8, 3];
const models: Readonly<Record<string, () => tf.layers.Layer[]>> = {
  "a convolution with strides, bias and relu": () => [layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same", activation: "relu", inputShape }), layers.conv2d({ filters: 4, kernelSize: 1 })],
  "convolutions around batch normalization": () => [layers.conv2d({ filters: 6, kernelSize: [3, 2], padding: "same", useBias: false, inputShape }), layers.batchNormalization(), layers.reLU(), layers.conv2d({ filters: 3, kernelSize: 3, padding: "same" })],
  "depthwise convolutions": () => [layers.depthwiseConv2d({ kernelSize: 3, padding: "same", activation: "relu6", inputShape }), layers.depthwiseConv2d({ kernelSize: 3, strides: 2, depthMultiplier: 2 })],
  "a separable convolution": () => [layers.separableConv2d({ filters: 7, kernelSize: 3, depthMultiplier: 2, padding: "same", activation: "tanh", inputShape })],
  "a transposed convolution": () => [layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: "same", inputShape }), layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same", activation: "elu" })],
  "a convolution along one axis, pooled": () => [layers.reshape({ targetShape: [36, 6], inputShape }), layers.conv1d({ filters: 8, kernelSize: 5, activation: "relu" }), layers.maxPooling1d({ poolSize: 2 })],
};

/** Sets every weight by its position, so that two builds of one model start equal. */
function fill(model: tf.LayersModel): void {
  const weights = model.weights.map(({ shape, originalName }, i) =>
    tf.tidy(() => {
      const data = tf.tensor(values(tf.util.sizeFromShape(shape as number[]), i + 1), shape as number[]);
      return /variance|gamma/.test(originalName) ? tf.ones(shape as number[]) : tf.mul(data, 0.3);
    }),
  );
  model.setWeights(weights);
  tf.dispose(weights);
}

async function losses(stack: () => tf.layers.Layer[], steps: number): Promise<number[]> {
  const model = tf.sequential({ layers: [...stack(), layers.flatten(), layers.dense({ units: 2 })] });
  fill(model);
  const optimizer = tf.train.sgd(0.01);
  model.compile({ optimizer, loss: "meanSquaredError" });
  const [x, y] = [tf.tensor(values(4 * 9 * 8 * 3, 50), [4, ...inputShape]), tf.tensor(values(8, 51), [4, 2])];
  const history = await model.fit(x, y, { epochs: steps, batchSize: 4, shuffle: false, verbose: 0 });
  model.dispose();
  optimizer.dispose();
  tf.dispose([x, y]);
  return history.history.loss as number[];
}

describe("model.fit", () => {
  it.each(Object.entries(models))("trains %s as the cpu backend does", async (_, stack) => {
    const before = tf.memory().numTensors;
    const ours = await losses(stack, 12);
    expect(tf.memory().numTensors).toBe(before);
    await tf.setBackend("cpu");
    expectClose(ours, await losses(stack, 12), 1e-6, 2e-4);
    expect(ours.at(-1)).toBeLessThan(ours[0]! * 0.95);
  });

  it("cannot train them on the kernels of tfjs alone", async () => {
    unregisterTrainingKernels();
    await expect(losses(models["a separable convolution"]!, 1)).rejects.toThrow("Conv2DBackpropFilter");
    await expect(losses(models["depthwise convolutions"]!, 1)).rejects.toThrow("DepthwiseConv2dNativeBackprop");
  });
});

describe("gradients", () => {
  it("are what finite differences say, for each kind of convolution", async () => {
    const x = tf.tensor4d(values(2 * 5 * 6 * 3, 1), [2, 5, 6, 3]);
    const kinds: Record<string, { shape: [number, number, number, number]; f: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor }> = {
      conv2d: { shape: [3, 2, 3, 4], f: (x, w) => tf.conv2d(x, w, [2, 1], "same") },
      depthwiseConv2d: { shape: [3, 3, 3, 2], f: (x, w) => tf.depthwiseConv2d(x, w, 1, "valid") },
      conv2dTranspose: { shape: [3, 3, 2, 3], f: (x, w) => tf.conv2dTranspose(x, w, [2, 9, 11, 2], 2, "same") },
    };
    for (const { shape, f } of Object.values(kinds)) {
      const w = tf.tensor4d(values(tf.util.sizeFromShape(shape), 2), shape);
      const loss = (x: tf.Tensor, w: tf.Tensor): tf.Scalar => tf.sum(tf.sin(f(x as tf.Tensor4D, w as tf.Tensor4D)));
      const gradients = tf.grads((x, w) => loss(x!, w!))([x, w]);
      for (const [at, point] of [x, w].entries()) {
        const direction = tf.tensor(values(point.size, 3), point.shape);
        const along = (await tf.tidy(() => tf.sum(tf.mul(gradients[at]!, direction))).data())[0]!;
        const shifted = async (step: number) => (await tf.tidy(() => loss(at === 0 ? tf.add(x, tf.mul(direction, step)) : x, at === 1 ? tf.add(w, tf.mul(direction, step)) : w)).data())[0]!;
        const h = 1e-2;
        // Fourth order, so that float32 rounding and the step's own error both stay small.
        const difference = (8 * ((await shifted(h)) - (await shifted(-h))) - ((await shifted(2 * h)) - (await shifted(-2 * h)))) / (12 * h);
        expect(Math.abs(difference - along)).toBeLessThan(2e-3 * (1 + Math.abs(along)));
        direction.dispose();
      }
      tf.dispose([w, gradients]);
    }
    x.dispose();
  });
});

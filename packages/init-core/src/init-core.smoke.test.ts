// The whole way through the house once, small enough for a WebGPU driver made of software: observe, plan, apply, look, train.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { disposeModel, fill, heNormal, initialize, InputMoments, loadPlan, lsuv, networkOf, observeGradients, observeInputs, orthogonal, randomNormal, savePlan, signalReport } from "./index.js";

const meanSquaredError = (labels: tf.Tensor, predictions: tf.Tensor) => tf.losses.meanSquaredError(labels, predictions) as tf.Scalar;

let model: tf.LayersModel;
let x: tf.Tensor2D;
let y: tf.Tensor2D;
beforeAll(() => {
  model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: "tanh" }), tf.layers.dense({ units: 2 })] });
  x = randomNormal([8, 3], { seed: 1 }) as tf.Tensor2D;
  y = randomNormal([8, 2], { seed: 2 }) as tf.Tensor2D;
});
afterAll(() => {
  disposeModel(model);
  tf.dispose([x, y]);
});

describe("on the smallest model", () => {
  it("fill and lsuv give kernels of the right size, the same ones for the same seed", async () => {
    const kernels = async () => Promise.all(networkOf(model).sites.map(async ({ kernel }) => Array.from(await kernel.variable.data())));
    await expectTensorGrowth(0, () => initialize(model, fill(heNormal()), { seed: 1 }));
    const drawn = await kernels();
    await initialize(model, fill(({ role }) => (role === "kernel" ? orthogonal() : undefined)), { seed: 1 });
    expect(await kernels()).not.toEqual(drawn);
    const { details } = await expectTensorGrowth(0, () => initialize(model, lsuv({ data: [x] }), { seed: 1 }));
    for (const { after } of Object.values(details)) expect(Math.abs(after - 1)).toBeLessThan(0.1);
    await initialize(model, fill(heNormal()), { seed: 1 });
    expect(await kernels()).toEqual(drawn);
  });

  it("a plan is saved and read back bit by bit", async () => {
    const plan = await fill(heNormal()).plan(model, { seed: 3 });
    const loaded = loadPlan(await savePlan(plan), networkOf(model));
    for (const [name, tensor] of Object.entries(plan.tensors)) expect(await loaded.tensors[name]!.data()).toEqual(await tensor.data());
    plan.dispose();
    loaded.dispose();
  });

  it("inputs and gradients are observed, and nothing leaks", async () => {
    const network = networkOf(model);
    await expectTensorGrowth(0, async () => {
      const moments = new InputMoments(3);
      await observeInputs(network, [x], { caller: "test", sites: [network.sites[0]!] }, (rows) => moments.update([...rows.values()][0]!));
      const [mean, expected] = [moments.mean(), tf.tidy(() => tf.mean(x, 0))];
      expectClose(await mean.data(), await expected.data());
      const gradients = await observeGradients(network, [{ xs: x, ys: y }], { caller: "test", parameters: network.sites.map(({ kernel }) => kernel), loss: meanSquaredError });
      // d mean (h·K − y)² / dK = hᵀ·(h·K − y) · 2 / 16, eight samples counted once each.
      const byHand = tf.tidy(() => {
        const [hidden, output] = [model.layers[0]!.apply(x) as tf.Tensor2D, model.apply(x) as tf.Tensor];
        return tf.mul(tf.matMul(hidden, tf.sub(output, y) as tf.Tensor2D, true), 8 * (2 / 16));
      });
      expectClose(await gradients.get(network.sites[1]!.path)!.data(), await byHand.data(), 1e-5, 1e-4);
      gradients.dispose();
      moments.dispose();
      tf.dispose([mean, expected, byHand]);
    });
  });

  it("the signal report has a finite figure for every layer, with gradients", async () => {
    const { layers } = await expectTensorGrowth(0, () => signalReport(model, x, { loss: meanSquaredError, labels: y }));
    expect(layers).toHaveLength(2);
    for (const layer of layers) for (const value of Object.values(layer)) if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { networkOf } from "../layers/network-of.js";
import { GradientSums, observeGradients, type LabelledBatch } from "./gradient-sums.js";

const loss = (ys: tf.Tensor, predictions: tf.Tensor) => tf.mean(tf.squaredDifference(ys, predictions)) as tf.Scalar;
const model = () => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: "tanh" }), tf.layers.dense({ units: 2 })] });
const batch = (size: number, seed: number) => ({ xs: tf.randomNormal([size, 3], 0, 1, "float32", seed), ys: tf.randomNormal([size, 2], 0, 1, "float32", seed + 100) });
const kernels = (network: ReturnType<typeof networkOf>) => network.sites.map(({ kernel }) => kernel);

describe("GradientSums", () => {
  // Ex. 4 of the LoRA-SB notes: batch means (0.15, 0.10) of two samples and (-0.16, -0.12) of one.
  const means = () => [{ w: tf.tensor1d([0.15, 0.1]) }, { w: tf.tensor1d([-0.16, -0.12]) }];

  it("weights every sample alike: 2·(0.15, 0.10) + (−0.16, −0.12)", async () => {
    const sums = new GradientSums();
    for (const [i, gradients] of means().entries()) await sums.add(gradients, i === 0 ? 2 : 1);
    expectClose(await sums.get("w")!.data(), [0.14, 0.08]);
    expect(sums.samples).toBe(3);
  });

  it("weights as the authors' code when asked: (0.15, 0.10)/2 + (−0.16, −0.12), with other signs", async () => {
    const sums = new GradientSums("official");
    for (const [i, gradients] of means().entries()) await sums.add(gradients, i === 0 ? 2 : 1);
    expectClose(await sums.get("w")!.data(), [-0.085, -0.07]);
  });

  it("gives the same from shards, saved and merged", async () => {
    const [a, b] = means();
    const [whole, left, right] = [new GradientSums(), new GradientSums(), new GradientSums()];
    await whole.add(a!, 2);
    await whole.add(b!, 1);
    await left.add(a!, 2);
    await right.add(b!, 1);
    const merged = GradientSums.load(await left.save()).merge(GradientSums.load(await right.save()));
    expectClose(await merged.get("w")!.data(), Array.from(await whole.get("w")!.data()), 0, 0);
    expect([merged.samples, merged.batches]).toEqual([3, 2]);
  });

  it("names parameter and batch of a NaN, before it is added", async () => {
    const sums = new GradientSums();
    await sums.add({ w: tf.tensor1d([1, 2]) }, 1);
    await expect(sums.add({ w: tf.tensor1d([NaN, 0]) }, 1)).rejects.toThrow(/"w" in batch 1 has NaN/);
    expectClose(await sums.get("w")!.data(), [1, 2]);
  });
});

describe("observeGradients", () => {
  it("equals the gradient of the loss over all samples at once, times their number", async () => {
    const network = networkOf(model());
    const batches = [batch(4, 1), batch(2, 2)];
    const sums = await observeGradients(network, batches, { caller: "test", parameters: kernels(network), loss });
    const all: LabelledBatch = { xs: tf.concat(batches.map(({ xs }) => xs)), ys: tf.concat(batches.map(({ ys }) => ys)) };
    const { grads } = tf.variableGrads(() => loss(all.ys as tf.Tensor, network.forward(all.xs) as tf.Tensor), kernels(network).map(({ variable }) => variable));
    for (const { path, variable } of kernels(network)) expectClose(await sums.get(path)!.data(), await tf.mul(grads[variable.name]!, 6).data(), 1e-5, 1e-4);
    expect(sums.samples).toBe(6);
  });

  it("gives the same whatever the number of parameters per pass, also for frozen layers", async () => {
    const frozen = model();
    for (const layer of frozen.layers) layer.trainable = false;
    const network = networkOf(frozen);
    const batches = [batch(4, 1), batch(2, 2)];
    const run = (parametersPerPass?: number) => observeGradients(network, batches, { caller: "test", parameters: kernels(network), loss, ...(parametersPerPass ? { parametersPerPass } : {}) });
    const [all, one] = [await run(), await run(1)];
    for (const { path } of kernels(network)) expectClose(await one.get(path)!.data(), await all.get(path)!.data(), 1e-6, 1e-5);
    expect([one.samples, one.batches]).toEqual([6, 2]);
  });

  it("owns one tensor a parameter and frees everything else", async () => {
    const network = networkOf(model());
    const batches = () => [batch(4, 1)][Symbol.iterator]();
    const sums = await expectTensorGrowth(2, () => observeGradients(network, batches, { caller: "test", parameters: kernels(network), loss }));
    await expectTensorGrowth(-2, () => sums.dispose());
  });

  it("leaves nothing behind when the loss throws", async () => {
    const network = networkOf(model());
    const broken = (labels: tf.Tensor, predictions: tf.Tensor): tf.Scalar => {
      loss(labels, predictions);
      throw new Error("no such label");
    };
    const { xs, ys } = batch(4, 1);
    await expectTensorGrowth(0, () => expect(observeGradients(network, [{ xs, ys }], { caller: "test", parameters: kernels(network), loss: broken })).rejects.toThrow("no such label"));
    (await observeGradients(network, [{ xs, ys }], { caller: "test", parameters: kernels(network), loss })).dispose();
    tf.dispose([xs, ys]);
  });

  it("stops after maxSamples", async () => {
    const network = networkOf(model());
    const endless = function* () {
      for (let seed = 0; ; seed++) yield batch(4, seed);
    };
    expect((await observeGradients(network, endless, { caller: "test", parameters: kernels(network), loss, maxSamples: 10 })).samples).toBe(12);
  });

  it("puts batch statistics back after a training pass", async () => {
    const network = networkOf(tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.batchNormalization(), tf.layers.dense({ units: 2 })] }));
    const statistics = network.parameters.filter(({ role }) => role === "statistic");
    const before = await Promise.all(statistics.map(async ({ variable }) => Array.from(await variable.data())));
    await observeGradients(network, [batch(4, 1)], { caller: "test", parameters: kernels(network), loss, training: true });
    expect(await Promise.all(statistics.map(async ({ variable }) => Array.from(await variable.data())))).toEqual(before);
  });

  it("leaks nothing when the data have NaN, when there are none, when the loss does not reach a layer, when aborted", async () => {
    const network = networkOf(model());
    const bad = { xs: tf.tensor2d([[NaN, 1, 2]]), ys: tf.zeros([1, 2]) };
    const good = batch(2, 1);
    const aborted = AbortSignal.abort(new Error("enough"));
    const before = tensorCount();
    const base = { caller: "test", parameters: kernels(network), loss };
    await expect(observeGradients(network, [bad], base)).rejects.toSatisfy((error) => WarmstartError.isInstance(error, "NOT_FINITE"));
    await expect(observeGradients(network, [], base)).rejects.toSatisfy((error) => WarmstartError.isInstance(error, "INSUFFICIENT_DATA"));
    await expect(observeGradients(network, [good], { ...base, loss: (ys) => tf.mean(ys) as tf.Scalar })).rejects.toThrow();
    await expect(observeGradients(network, [good], { ...base, signal: aborted })).rejects.toThrow("enough");
    expect(tensorCount()).toBe(before);
  });
});

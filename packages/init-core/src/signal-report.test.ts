import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "./errors.js";
import { fill } from "./initializers/fill.js";
import { heNormal } from "./initializers/variance-scaling.js";
import { initialize } from "./contract.js";
import { networkOf } from "./layers/network-of.js";
import type { Network, Parameter, Site } from "./network.js";
import { signalReport } from "./signal-report.js";

const loss = (ys: tf.Tensor, predictions: tf.Tensor) => tf.mean(tf.squaredDifference(ys, predictions)) as tf.Scalar;
const deep = (std: number, depth = 12, width = 64) =>
  tf.sequential({ layers: Array.from({ length: depth }, (_, i) => tf.layers.dense({ units: width, activation: "relu", name: `fc${i}`, ...(i === 0 ? { inputShape: [width] } : {}), kernelInitializer: tf.initializers.randomNormal({ stddev: std, seed: 10 + i }) })) });
const batch = (width = 64, rows = 128) => tf.randomNormal([rows, width], 0, 1, "float32", 1);

/** A network in plain tfjs-core: x → relu(x W₁) → W₂. */
function byHand(): { network: Network; first: tf.Variable; second: tf.Variable } {
  const [first, second] = [tf.variable(tf.tensor2d([[1, -1, 0], [0, 0, 0]])), tf.variable(tf.tensor2d([[2], [1], [1]]))];
  const parameter = (layer: string, variable: tf.Variable): Parameter => ({ path: `${layer}/kernel`, layer, role: "kernel", shape: variable.shape, variable, trainable: true });
  const site = (kernel: Parameter): Site => ({ path: kernel.path, layer: kernel.layer, kind: "dense", kernel, input: kernel.layer });
  const parameters = [parameter("one", first), parameter("two", second)];
  const sites = parameters.map(site);
  const forward: Network["forward"] = (inputs, { onInput } = {}) => {
    let x = inputs as tf.Tensor2D;
    onInput?.(sites[0]!, x);
    x = tf.relu(tf.matMul<tf.Tensor2D>(x, first as tf.Tensor as tf.Tensor2D));
    onInput?.(sites[1]!, x);
    return tf.matMul(x, second as tf.Tensor as tf.Tensor2D);
  };
  return { network: { parameters, sites, forward }, first, second };
}

describe("signalReport", () => {
  it("measures what arithmetic says, on a network by hand", async () => {
    const { network } = byHand();
    const x = tf.tensor2d([[1, 7], [3, 9]]);
    const { layers } = await signalReport(network, x, { loss, labels: tf.zeros([2, 1]) });
    const [one, two] = layers;
    // x W₁ = [[1, −1, 0], [3, −3, 0]], relu = [[1, 0, 0], [3, 0, 0]], y = (2, 6).
    expect(one!.input).toBeCloseTo((1 + 49 + 9 + 81) / 4, 4);
    expect(one!.output).toBeCloseTo(20 / 6, 5);
    expect(one!.deadInputs).toBeNull(); // the data themselves
    expect(two!.input).toBeCloseTo(10 / 6, 5);
    expect(two!.output).toBeCloseTo(20, 4);
    expect(two!.deadInputs).toBeCloseTo(2 / 3, 6);
    // loss = (4 + 36) / 2; dy = (2, 6); dW₂ = hᵀ dy = (20, 0, 0).
    expect(two!.gradient).toBeCloseTo(400 / 3, 3);
    // dW₁ = xᵀ (dy · [2, 0, 0]) = [[4 + 36, 0, 0], [28 + 108, 0, 0]].
    expect(one!.gradient! / ((40 ** 2 + 136 ** 2) / 6)).toBeCloseTo(1, 5);
    expect([one!.condition, two!.condition]).toEqual([Infinity, 1]);
  });

  it("shows growth under an exploding start, decay under a vanishing one", async () => {
    for (const [std, direction] of [[0.5, 1], [0.05, -1]] as const) {
      const { layers } = await signalReport(deep(std), batch());
      // Each relu layer multiplies the mean square by 64 std² / 2: by 8, or by 0.08.
      const ratio = Math.log(layers.at(-1)!.input! / layers[1]!.input!) / 10;
      expect(Math.sign(ratio)).toBe(direction);
      expect(ratio).toBeCloseTo(Math.log((64 * std ** 2) / 2), 0);
    }
  });

  it("shows a nearly constant mean square under He's start with relu", async () => {
    const model = deep(1, 12, 256);
    await initialize(model, fill(heNormal()), { seed: 4 });
    const { layers } = await signalReport(model, batch(256, 64));
    // 12 layers, each off by a factor with sd about √(5 / 256): e^{±3·0.48}.
    for (const { input } of layers) expect(Math.abs(Math.log(input!))).toBeLessThan(1.5);
    for (const { output, layer } of layers) expect(Math.abs(Math.log(output! / 2)), layer).toBeLessThan(1.5);
  });

  it("shows a net that explodes beyond what squares in float32 can hold", async () => {
    const { layers } = await signalReport(deep(100, 12), batch());
    expect(layers.at(-1)!.input!).toBeGreaterThan(1e45);
    expect(Number.isFinite(layers.at(-1)!.output!)).toBe(true);
  });

  it("finds dead units", async () => {
    const model = deep(0.2, 3, 8);
    model.layers[0]!.setWeights([model.layers[0]!.getWeights()[0]!, tf.tensor1d([-1e3, 0, 0, -1e3, 0, 0, 0, 0])]);
    const { layers } = await signalReport(model, batch(8));
    expect(layers.map(({ deadInputs }) => deadInputs)).toEqual([null, 0.25, 0]);
  });

  it("finds dead channels of a convolution", async () => {
    const model = tf.sequential({ layers: [tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", padding: "same", inputShape: [6, 6, 1] }), tf.layers.conv2d({ filters: 2, kernelSize: 3 })] });
    model.layers[0]!.setWeights([model.layers[0]!.getWeights()[0]!, tf.tensor1d([-1e3, 0, 0, 0])]);
    const { layers } = await signalReport(model, tf.randomNormal([4, 6, 6, 1], 0, 1, "float32", 2));
    expect(layers[1]!.deadInputs).toBe(0.25);
    expect(layers[1]!.output).toBeGreaterThan(0);
  });

  it("has the gradients of tf.grads, also of frozen layers", async () => {
    const model = deep(0.2, 3, 6);
    const [x, y] = [batch(6), tf.randomNormal([128, 6], 0, 1, "float32", 2)];
    const kernels = networkOf(model).sites.map(({ kernel }) => kernel.variable as tf.Variable);
    const { grads } = tf.variableGrads(() => loss(y, networkOf(model).forward(x) as tf.Tensor), kernels);
    const expected = await Promise.all(kernels.map(async ({ name }) => (await tf.mean(tf.square(grads[name]!)).data())[0]!));
    for (const layer of model.layers) layer.trainable = false;
    const report = await signalReport(model, x, { loss, labels: y });
    expectClose(report.layers.map(({ gradient }) => gradient!), expected, 0, 1e-4);
    expectClose([report.facts.loss as number], await loss(y, model.predict(x) as tf.Tensor).data(), 0, 1e-5);
  });

  it("gives null for a kernel that the loss does not depend on, and says so", async () => {
    const input = tf.input({ shape: [3] });
    const outputs = ["used", "unused"].map((name) => tf.layers.dense({ units: 2, name }).apply(input) as tf.SymbolicTensor);
    const report = await signalReport(tf.model({ inputs: input, outputs }), batch(3), { loss: (ys, predictions) => loss(ys, (predictions as unknown as tf.Tensor[])[0]!), labels: tf.zeros([128, 2]) });
    const by = Object.fromEntries(report.layers.map(({ layer, gradient }) => [layer, gradient]));
    expect(by.used).toBeGreaterThan(0);
    expect(by.unused).toBeNull();
    expect(report.notes.join("\n")).toContain("The loss does not depend on: unused.");
  });

  it("takes embeddings and shared layers, and names what hides its input", async () => {
    const tokens = tf.input({ shape: [5] });
    const embedded = tf.layers.embedding({ inputDim: 7, outputDim: 4, name: "words" }).apply(tokens) as tf.SymbolicTensor;
    const shared = tf.layers.dense({ units: 4, name: "twice", activation: "tanh" });
    const twice = shared.apply(shared.apply(embedded)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: tokens, outputs: tf.layers.gru({ units: 3, name: "gru" }).apply(twice) as tf.SymbolicTensor });
    const report = await signalReport(model, tf.zeros([2, 5], "int32"));
    expect(report.layers.map(({ layer }) => layer)).toEqual(["words", "twice"]);
    const [words, both] = report.layers;
    expect([words!.input, words!.deadInputs]).toEqual([null, null]);
    expect(both!.input).toBeGreaterThan(0);
    expect(report.notes.join("\n")).toMatch(/hide what their kernels read; left out: gru\/kernel, gru\/recurrent_kernel/);
  });

  it("plots mean squares on a logarithmic scale, and is a report", async () => {
    const report = await signalReport(deep(0.2, 3, 6), batch(6), { loss, labels: tf.zeros([128, 6]) });
    expect(report.plots.map(({ kind, yScale, series }) => [kind, yScale, series.map(({ x }) => x.length)])).toEqual([["bar", "log", [3, 3]], ["bar", "log", [3]]]);
    expect(report.toString()).toMatch(/layer +kernel +input +output +dead inputs +gradient +condition\n +fc0 +6×6/);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report.toJSON());
  });

  it("leaves the model as it was and frees everything, batch statistics in a training pass included", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] }), tf.layers.batchNormalization(), tf.layers.dense({ units: 2 })] });
    const x = batch(3);
    const read = () => Promise.all(networkOf(model).parameters.map(async ({ variable }) => Array.from(await variable.data())));
    const before = await read();
    const labels = tf.zeros([128, 2]);
    const report = await expectTensorGrowth(0, () => signalReport(model, x, { training: true, loss, labels }));
    expect(report.layers.length).toBe(2);
    expect(await read()).toEqual(before);
  });

  it("names the first layer with NaN, for data, weights and overflow, and leaks nothing", async () => {
    const model = deep(0.2, 3, 4);
    const x = batch(4);
    const bad = tf.fill([2, 4], NaN);
    const start = tensorCount();
    const fails = async (data: tf.Tensor, message: RegExp) => {
      const error = await signalReport(model, data).catch((caught: unknown) => caught);
      expect(WarmstartError.isInstance(error, "NOT_FINITE")).toBe(true);
      expect((error as Error).message).toMatch(message);
    };
    await fails(bad, /the input of layer "fc0" has NaN.*first layer/);
    expect(tensorCount()).toBe(start);
    model.layers[1]!.setWeights([tf.fill([4, 4], NaN), tf.zeros([4])]);
    await fails(x, /the input of layer "fc1" is finite, but its output has NaN/);
    model.layers[1]!.setWeights([tf.fill([4, 4], 3e38), tf.zeros([4])]);
    await fails(x, /the input of layer "fc1" is finite, but its output has NaN or infinity/);
  });

  it("refuses a loss without labels, labels without a loss, a loss that is NaN, a network without sites", async () => {
    const model = deep(0.2, 2, 4);
    const [x, labels] = [batch(4), tf.zeros([128, 4])];
    await expectTensorGrowth(0, async () => {
      await expect(signalReport(model, x, { loss })).rejects.toThrow(/got a loss alone/);
      await expect(signalReport(model, x, { labels })).rejects.toThrow(/got labels alone/);
      await expect(signalReport(model, x, { labels, loss: (_, predictions) => tf.log(tf.mul(-1, tf.add(1, tf.mean(tf.square(predictions))))) as tf.Scalar })).rejects.toThrow(/the loss is NaN/);
      await expect(signalReport({ parameters: [], sites: [], forward: (inputs) => inputs }, x)).rejects.toThrow(/no site/);
    });
  });
});

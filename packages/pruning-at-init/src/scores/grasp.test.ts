import * as tf from "@tensorflow/tfjs";
import { networkOf, WarmstartError, withValues, type Network } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { grasp, graspScores } from "../index.js";
import { drawnHead, headKernels } from "./drawn-head.js";
import { disposedAfterEach } from "../disposed-after-each.fixture.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const owned = disposedAfterEach();

/** xW, with x given as data. */
function linear(values: number[], shape: [number, number]): Network {
  const kernel = owned(tf.variable(tf.tensor2d(values, shape)));
  return { parameters: [{ path: "w/kernel", layer: "w", role: "kernel", shape, variable: kernel, trainable: true }], sites: [], forward: (x) => tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D) };
}

const raw = (options: Parameters<typeof graspScores>[2] = {}) => ({ normalize: "none", ...options }) as const;
const codeOf = (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (WarmstartError.isInstance(error) ? error.code : String(error)));

describe("graspScores", () => {
  it("is θ · (Hg) for least squares, by hand", async () => {
    // g = [0.5, 1], Hg = [0.25, 2]
    const data = [{ xs: owned(tf.tensor2d([[1, 0], [0, 2]])), ys: owned(tf.tensor2d([[0], [1]])) }];
    const halved = (y: tf.Tensor, out: tf.Tensor) => tf.div(tf.mean(tf.square(tf.sub(out, y))), 2) as tf.Scalar;
    const { scores, squaredGradientNorms } = await graspScores(linear([1, 1], [2, 1]), data, raw({ loss: halved, temperature: 1 }));
    expectClose(scores.get("w/kernel")!, [0.25, 2], 1e-6);
    expect(squaredGradientNorms["w/kernel"]).toBeCloseTo(1.25, 6);
    // -θ·(Hg) is what the paper prunes from the top: index 0 goes first.
    const plan = await grasp({ density: 0.5, data, loss: halved, temperature: 1 }).plan(linear([1, 1], [2, 1]));
    expect(Array.from(await plan.tensors["w/kernel"]!.data())).toEqual([0, 1]);
    plan.dispose();
  });

  it("is θ · (Hg) for softmax cross-entropy, at temperature 1 and 200, by hand", async () => {
    const data = [{ xs: owned(tf.tensor2d([[1, 0], [1, 1]])), ys: owned(tf.tensor1d([0, 1], "int32")) }];
    const network = linear([0.5, -0.5, 0.25, 1], [2, 2]);
    const one = await graspScores(network, data, raw({ temperature: 1 }));
    expect(one.loss).toBeCloseTo(0.56960055, 6);
    expectClose(one.scores.get("w/kernel")!, [0.06704987, 0.06704987, 0.02631824, -0.10527297], 1e-6);
    const cold = await graspScores(network, data, raw());
    expect(cold.loss).toBeCloseTo(0.69221134, 6);
    const expected = [0.5 * 7.866208e-9, 0.5 * 7.866208e-9, 0.25 * 7.841794e-9, -7.841794e-9];
    for (const [i, value] of Array.from(cold.scores.get("w/kernel")!).entries()) expect(value / expected[i]!).toBeCloseTo(1, 2);
  });

  it("agrees with differences of gradients on a smooth network, and sums over chunks", async () => {
    const model = owned(tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [4], activation: "tanh" }), tf.layers.dense({ units: 3 })] }));
    tf.tidy(() => model.setWeights(model.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 0.7, "float32", i + 1))));
    const chunks = [1, 2].map((seed) => ({ xs: owned(tf.randomNormal([6, 4], 0, 1, "float32", seed)), ys: owned(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32")) }));
    const variables = model.trainableWeights.filter(({ originalName }) => originalName.endsWith("kernel")).map((weight) => weight.read() as tf.Variable);
    const gradient = async (): Promise<number[][]> => {
      const { grads } = tf.variableGrads(() => tf.addN(chunks.map(({ xs, ys }) => tf.losses.softmaxCrossEntropy(tf.oneHot(ys, 3), model.apply(xs) as tf.Tensor))) as tf.Scalar, variables);
      const values = await Promise.all(variables.map(async ({ name }) => Array.from(await grads[name]!.data())));
      tf.dispose(grads);
      return values;
    };
    const theta = await Promise.all(variables.map(async (variable) => Array.from(await variable.data())));
    const g = await gradient();
    const step = 2e-2;
    const shifted = async (sign: number) => {
      variables.forEach((variable, v) => tf.tidy(() => variable.assign(tf.tensor(theta[v]!.map((value, i) => value + sign * step * g[v]![i]!), variable.shape))));
      return gradient();
    };
    const [up, down] = [await shifted(1), await shifted(-1)];
    variables.forEach((variable, v) => tf.tidy(() => variable.assign(tf.tensor(theta[v]!, variable.shape))));
    const { scores } = await graspScores(model, chunks, raw({ temperature: 1, bnMode: "eval" }));
    for (const [v, values] of [...scores.values()].entries()) {
      const expected = theta[v]!.map((value, i) => (value * (up[v]![i]! - down[v]![i]!)) / (2 * step));
      const largest = Math.max(...expected.map(Math.abs));
      for (const [i, value] of values.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThan(2e-3 * largest);
    }
  });

  it("leaves tfjs' gradients and the network as they were, and leaks nothing, also when it throws", async () => {
    const network = linear([0.5, -0.5, 0.25, 1], [2, 2]);
    const data = [{ xs: owned(tf.tensor2d([[1, 0], [1, 1]])), ys: owned(tf.tensor1d([0, 1], "int32")) }];
    const names = ["Tanh", "Sigmoid", "Softmax", "Conv2D", "MaxPool", "LogSoftmax", "FusedBatchNorm"];
    const registered = names.map((name) => tf.getGradient(name));
    await expectTensorGrowth(0, () => graspScores(network, data));
    expect(await expectTensorGrowth(0, () => codeOf(graspScores(network, data, { temperature: 0 })))).toBe("INVALID_OPTION");
    const once = (function* () {
      yield { xs: tf.ones([2, 2]), ys: tf.tensor1d([0, 1], "int32") };
    })();
    expect(await expectTensorGrowth(0, () => codeOf(graspScores(network, once)))).toBe("INSUFFICIENT_DATA"); // it is gone through twice
    expect(names.map((name) => tf.getGradient(name))).toEqual(registered);
    expect(Array.from(await network.parameters[0]!.variable.data())).toEqual([0.5, -0.5, 0.25, 1]);
  });
});

describe("reinitHead", () => {
  const build = () => {
    const model = owned(tf.sequential({ layers: [tf.layers.conv1d({ name: "conv", filters: 6, kernelSize: 3, activation: "tanh", inputShape: [8, 2] }), tf.layers.flatten(), tf.layers.dense({ name: "fc", units: 40, activation: "tanh" }), tf.layers.dense({ name: "head", units: 3 })] }));
    tf.tidy(() => model.setWeights(model.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 0.3, "float32", i + 1))));
    return model;
  };
  const data = () => [{ xs: owned(tf.randomNormal([6, 8, 2], 0, 1, "float32", 9)), ys: owned(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32")) }];
  const valuesOf = (model: tf.LayersModel) => Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data())));

  it("scores with the dense layers behind the last convolution drawn by Xavier's law, as if the model had these", async () => {
    const [model, batches] = [build(), data()];
    const network = networkOf(model);
    const before = await valuesOf(model);
    const drawn = drawnHead(network, "test", 3);
    expect(Object.keys(drawn)).toEqual(["fc/kernel", "head/kernel"]);
    const fc = await drawn["fc/kernel"]!.data<"float32">();
    // 36 inputs, 40 outputs: variance 2 / 76; 1440 numbers
    expect(fc.reduce((sum, value) => sum + value * value, 0) / fc.length / (2 / 76)).toBeCloseTo(1, 1);
    const { scores } = await graspScores(model, batches, raw({ temperature: 1, reinitHead: true, seed: 3 }));
    expect(await valuesOf(model), "the model keeps its own").toEqual(before);
    const replaced = await withValues(network, drawn, () => graspScores(model, batches, raw({ temperature: 1 })));
    for (const [path, values] of scores) expectClose(values, replaced.scores.get(path)!, 1e-7, 1e-4);
    const plain = await graspScores(model, batches, raw({ temperature: 1 }));
    expect(Array.from(plain.scores.get("conv/kernel")!)).not.toEqual(Array.from(scores.get("conv/kernel")!));
    tf.dispose(drawn);
  });

  it("is repeatable by the seed of initialize, and leaks nothing", async () => {
    const [model, batches] = [build(), data()];
    const masks = async (seed: number) => {
      const plan = await grasp({ density: 0.3, data: batches, reinitHead: true }).plan(model, { seed });
      const values = Array.from(await plan.tensors["conv/kernel"]!.data());
      plan.dispose();
      return values;
    };
    const [first, again, other] = await expectTensorGrowth(0, async () => [await masks(1), await masks(1), await masks(2)]);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("takes the last layer alone where all are dense, and refuses a network that ends otherwise", async () => {
    const dense = owned(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 4, inputShape: [3] }), tf.layers.dense({ name: "b", units: 3 })] }));
    expect(headKernels(networkOf(dense), "test").map(({ path }) => path)).toEqual(["b/kernel"]);
    const recurrent = owned(tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [5, 2] }), tf.layers.lstm({ name: "lstm", units: 3 })] }));
    const batches = [{ xs: owned(tf.ones([2, 5, 2])), ys: owned(tf.tensor1d([0, 1], "int32")) }];
    expect(await expectTensorGrowth(0, () => codeOf(graspScores(recurrent, batches, { reinitHead: true })))).toBe("NO_MATCH");
    expect(await expectTensorGrowth(0, () => codeOf(grasp({ density: 0.5, data: batches, reinitHead: true }).plan(dense))), "drawn, then refused").toBe("SHAPE_MISMATCH");
  });
});

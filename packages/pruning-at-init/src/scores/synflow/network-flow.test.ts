import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError, type Network, type Parameter, type Role } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { synflow, synflowScores } from "../../index.js";
import { disposedAfterEach } from "../../disposed-after-each.fixture.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});
const owned = disposedAfterEach();
const codeOf = (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (WarmstartError.isInstance(error) ? error.code : String(error)));
const valuesOf = ({ parameters }: Network) => Promise.all(parameters.map(async ({ variable }) => Array.from(await variable.data())));

function parameter(path: string, role: Role, values: tf.Tensor): Parameter {
  const variable = owned(tf.variable(values));
  values.dispose();
  return { path, layer: path.split("/")[0]!, role, shape: variable.shape, variable, trainable: true };
}

/** x → |bend(x W1 + b)| → W2, the 2-2-1 net of the specification by hand. */
function byHand(bend: (x: tf.Tensor) => tf.Tensor = tf.relu, scale = 1): Network {
  const parameters = [
    parameter("a/kernel", "kernel", tf.tensor2d([scale, -2 * scale, 3 * scale, 0.5 * scale], [2, 2])),
    parameter("a/bias", "bias", tf.tensor1d([5, -7])),
    parameter("b/kernel", "kernel", tf.tensor2d([2 * scale, -scale], [2, 1])),
  ];
  const [a, bias, b] = parameters.map(({ variable }) => variable as tf.Tensor as tf.Tensor2D) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  return { parameters, sites: [], forward: (x) => tf.matMul(bend(tf.add(tf.matMul(x as tf.Tensor2D, a), bias)) as tf.Tensor2D, b) };
}

describe("SynFlow of a network by hand", () => {
  it("is |w| · ∂R/∂|w| on ones, without biases: 2-2-1 by hand", async () => {
    // h = [1 + 3, 2 + 0.5], R = 2 · 4 + 1 · 2.5
    const network = byHand();
    const before = await valuesOf(network);
    const { scores, log10R } = await expectTensorGrowth(0, () => synflowScores(network, { inputShape: [2], normalize: false }));
    expectClose(scores.get("a/kernel")!, [2, 2, 6, 0.5], 1e-5);
    expectClose(scores.get("b/kernel")!, [8, 2.5], 1e-5);
    expect(10 ** log10R).toBeCloseTo(10.5, 4);
    expect(await valuesOf(network)).toEqual(before);
  });

  it("counts biases where asked", async () => {
    // h = [4 + 5, 2.5 + 7], R = 2 · 9 + 1 · 9.5
    const network = byHand();
    const before = await valuesOf(network);
    const { scores, log10R } = await expectTensorGrowth(0, () => synflowScores(network, { inputShape: [2], bias: "abs", normalize: false }));
    expectClose(scores.get("a/kernel")!, [2, 2, 6, 0.5], 1e-5);
    expectClose(scores.get("b/kernel")!, [18, 9.5], 1e-5);
    expect(10 ** log10R).toBeCloseTo(27.5, 4);
    expect(await valuesOf(network)).toEqual(before);
    expect(await codeOf(synflowScores(byHand(tf.tanh), { inputShape: [2], bias: "abs" }))).toBe("MODEL_STATE");
  });

  it("gives the scores and masks of the model that it is the network of, normalizations included", async () => {
    const model = owned(tf.sequential({ layers: [
      tf.layers.conv2d({ name: "c", filters: 6, kernelSize: 3, padding: "same", inputShape: [6, 6, 2] }),
      tf.layers.batchNormalization({ name: "n" }),
      tf.layers.reLU(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.depthwiseConv2d({ name: "d", kernelSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ name: "e", units: 3 }),
    ] }));
    tf.tidy(() => networkOf(model).parameters.forEach(({ path, shape, variable }, i) => variable.assign(path.endsWith("variance") ? tf.randomUniform([...shape], 0.5, 2, "float32", i) : tf.randomNormal([...shape], 0, 0.5, "float32", i + 1))));
    for (const bn of ["identity", "scale"] as const) {
      const [hand, whole] = [await synflowScores(networkOf(model), { inputShape: [6, 6, 2], bn }), await synflowScores(model, { bn })];
      for (const [path, values] of whole.scores) expectClose(hand.scores.get(path)!, values, 1e-8, 1e-4);
    }
    const before = await valuesOf(networkOf(model));
    const masksBy = async (plan: Awaited<ReturnType<ReturnType<typeof synflow>["plan"]>>) => {
      const masks = await Promise.all(Object.entries(plan.tensors).map(async ([path, mask]) => [path, Array.from(await mask.data())] as const));
      plan.dispose();
      return masks;
    };
    const options = { density: 0.2, iterations: 12 };
    expect(await masksBy(await synflow({ ...options, inputShape: [6, 6, 2] }).plan(networkOf(model)))).toEqual(await masksBy(await synflow(options).plan(model)));
    expect(await valuesOf(networkOf(model))).toEqual(before);
  });

  it("prunes in place, several inputs and outputs at a time", async () => {
    const parameters = [parameter("a/kernel", "kernel", tf.tensor2d([1, -2, 3, 0.5], [2, 2])), parameter("b/kernel", "kernel", tf.tensor2d([0.1, 4, 0.2, 0.3, 5, 0.4], [3, 2]))];
    const [a, b] = parameters.map(({ variable }) => variable as tf.Tensor as tf.Tensor2D) as [tf.Tensor2D, tf.Tensor2D];
    const network: Network = { parameters, sites: [], forward: (inputs) => [tf.relu(tf.matMul((inputs as tf.Tensor2D[])[0]!, a)), tf.matMul((inputs as tf.Tensor2D[])[1]!, b)] };
    const { result } = await initialize(network, synflow({ density: 0.4, iterations: 2, inputShape: [[2], [3]] }));
    owned(result);
    expect(await valuesOf(network)).toEqual([[0, -2, 3, 0], [0, 4, 0, 0, 5, 0]]);
  });

  it.each<[string, () => Network, string, RegExp]>([
    ["tanh", () => byHand(tf.tanh), "MODEL_STATE", /for twice the input this network by hand gives 1\.0\d+ times the output, and not twice/],
    ["clipping", () => byHand((x) => tf.relu6(tf.mul(x, 2))), "MODEL_STATE", /relu6/],
    ["a product of two activations", () => byHand((x) => tf.square(x)), "MODEL_STATE", /gives 4\.000 times/],
    ["weights beyond float32", () => byHand(tf.relu, 1e25), "NOT_FINITE", /beyond float32/],
  ])("refuses %s", async (_, make, code, message) => {
    const network = make();
    const before = await valuesOf(network);
    for (const attempt of [() => synflowScores(network, { inputShape: [2] }), () => synflow({ density: 0.5, inputShape: [2] }).plan(network)]) {
      expect(await expectTensorGrowth(0, () => codeOf(attempt()))).toBe(code);
      await expect(attempt()).rejects.toThrow(message);
    }
    expect(await valuesOf(network)).toEqual(before);
  });

  it("asks for the shape of the input, and hands on what the function throws", async () => {
    expect(await codeOf(synflowScores(byHand()))).toBe("INVALID_OPTION");
    expect(await codeOf(synflow({ density: 0.5 }).plan(byHand()))).toBe("INVALID_OPTION");
    const network: Network = { ...byHand(), forward: () => { throw new Error("no such input"); } };
    const before = await valuesOf(network);
    expect(await expectTensorGrowth(0, () => codeOf(synflowScores(network, { inputShape: [2] })))).toBe("Error: no such input");
    expect(await valuesOf(network)).toEqual(before);
  });
});

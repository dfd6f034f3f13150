// AdamW and SGD; their numbers against torch are in the conformance cases.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { adamW, sgd, stateBytes } from "./index.js";

const values = async (v: tf.Tensor) => Array.from(await v.data());
const train = async (optimizer: tf.Optimizer, steps = 5) => {
  const [v, w] = tf.tidy(() => [tf.variable(tf.tensor1d([1, -2, 3])), tf.variable(tf.tensor2d([[0.5, -0.5, 1]]))] as const);
  for (let i = 0; i < steps; i++) optimizer.minimize(() => tf.sum(tf.square(tf.add(v, tf.mul(w, i + 1)))) as tf.Scalar, false, [v, w]);
  const result = [...(await values(v)), ...(await values(w))];
  tf.dispose([v, w]);
  optimizer.dispose();
  return result;
};

describe("adamW", () => {
  it("takes a first step of the rate against the sign of the gradient", async () => {
    // m̂ / √v̂ = g / |g| at the first step: θ = 0.99·θ₀ − 0.1·sign(g)
    const v = tf.variable(tf.tensor1d([1, 2]));
    const g = tf.tensor1d([0.3, -7]);
    const optimizer = adamW({ learningRate: 0.1, weightDecay: 0.1 });
    optimizer.applyGradients({ [v.name]: g });
    expectClose(await values(v), [0.99 - 0.1, 1.98 + 0.1], 1e-6);
    optimizer.dispose();
    tf.dispose([v, g]);
  });

  it("is tf.train.adam without decay", async () => {
    expectClose(await train(adamW({ learningRate: 0.05, weightDecay: 0 })), await train(tf.train.adam(0.05)), 1e-5);
  });

  it("counts the steps of each variable by itself, so that a late one is corrected from its own first step", async () => {
    const [early, late] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const one = tf.scalar(1);
    const optimizer = adamW({ learningRate: 0.1, weightDecay: 0 });
    for (let i = 0; i < 3; i++) optimizer.applyGradients({ [early.name]: one });
    optimizer.applyGradients({ [late.name]: one });
    expectClose(await values(late), [-0.1], 1e-6);
    optimizer.dispose();
    tf.dispose([early, late, one]);
  });

  it("stands still at rate 0 but remembers", async () => {
    const v = tf.variable(tf.scalar(1));
    const g = tf.scalar(2);
    const optimizer = adamW({ learningRate: 0, weightDecay: 0.5 });
    optimizer.applyGradients({ [v.name]: g });
    expect(await values(v)).toEqual([1]);
    expect(await values((await optimizer.getWeights()).find(({ name }) => name.endsWith("/firstMoment"))!.tensor)).toEqual([Math.fround(0.2)]);
    optimizer.dispose();
    tf.dispose([v, g]);
  });
});

describe("sgd", () => {
  it("is tf.train.sgd and tf.train.momentum where these have the options", async () => {
    expectClose(await train(sgd({ learningRate: 0.05 })), await train(tf.train.sgd(0.05)), 1e-6);
    expectClose(await train(sgd({ learningRate: 0.01, momentum: 0.9 })), await train(tf.train.momentum(0.01, 0.9)), 1e-5);
    expectClose(await train(sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true })), await train(tf.train.momentum(0.01, 0.9, true)), 1e-5);
  });

  it("refuses Nesterov's step without momentum", () => {
    expect(() => sgd({ nesterov: true })).toThrow(/sgd: `nesterov` needs a momentum above 0 and no dampening, got momentum 0/);
    expect(() => sgd({ momentum: 0.9, dampening: 2 })).toThrow(/`dampening` must be from 0 to 1, got 2/);
    expect(() => sgd({ decay: "l2" as never })).toThrow(/`decay`/);
    for (const beta of [-0.1, 1, NaN]) expect(() => adamW({ beta2: beta })).toThrow(/`beta2` must be from 0 to below 1/);
  });
});

describe("all of them", () => {
  it("keep as many bytes as stateBytes says, are saved in a model and loaded as what they were", async () => {
    const makers = { adamW: () => adamW({ learningRate: 0.01, amsgrad: true }), sgd: () => sgd({ learningRate: 0.01, momentum: 0.9 }) };
    for (const [name, make] of Object.entries(makers)) {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] });
      model.compile({ optimizer: make(), loss: "meanSquaredError" });
      const [x, y] = [tf.ones([2, 4]), tf.ones([2, 3])];
      const before = tf.memory().numBytes;
      await model.trainOnBatch(x, y);
      expect(tf.memory().numBytes - before).toBe(stateBytes(name as "adamW" | "sgd", model.trainableWeights.map(({ shape }) => shape as number[]), { amsgrad: true }));
      let saved: tf.io.ModelArtifacts | undefined;
      await model.save(tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })), { includeOptimizer: true });
      const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
      expect(loaded.optimizer.getConfig()).toEqual(model.optimizer.getConfig());
      for (const m of [model, loaded]) await m.trainOnBatch(x, y);
      expectClose(await values(loaded.getWeights()[0]!), await values(model.getWeights()[0]!), 1e-6);
      for (const m of [model, loaded]) {
        m.optimizer.dispose();
        m.dispose();
      }
      tf.dispose([x, y]);
    }
  });

  it("leave no tensor behind", async () => {
    await expectTensorGrowth(0, async () => {
      await train(adamW({ clipNorm: 1 }));
      await train(sgd({ momentum: 0.5, accumulationSteps: 2 }));
    });
  });
});

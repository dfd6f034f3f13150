import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { adamW, sgd, sgdSai } from "./index.js";

const makers: Record<string, () => tf.Optimizer> = {
  "sgd with Nesterov's step": () => sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  "sgd without momentum": () => sgd({ learningRate: 0.1 }),
  adamW: () => adamW({ learningRate: 0.1, weightDecay: 0.1 }),
  "adamW with amsgrad": () => adamW({ learningRate: 0.1, amsgrad: true }),
  sgdSai: () => sgdSai({ learningRate: 1e-3, weightDecay: 0.1 }),
  "sgdSai without momentum": () => sgdSai({ learningRate: 1e-3, momentum: 0 }),
};
const shapes = [...Array.from({ length: 7 }, () => [5]), [2, 5], ...Array.from({ length: 4 }, () => [2, 3, 2]), [], [], [], []];
const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);
const variables = () => shapes.map((shape, i) => tf.tidy(() => tf.variable(uniform(shape, i + 1))));
/** Past the updates in which a gain may be open. */
const steps = 13;
/** The fourth variable begins two steps later. */
const inStep = (t: number, i: number) => i !== 3 || t >= 2;

describe.each(Object.entries(makers))("variables of one shape, updated as one by %s,", (_, make) => {
  it("get what each gets alone, to the last bit", async () => {
    const [together, alone] = [variables(), variables()];
    const [one, each] = [make(), alone.map(() => make())];
    for (let t = 0; t < steps; t++) {
      const gradients = shapes.map((shape, i) => uniform(shape, 100 * t + i));
      one.applyGradients(Object.fromEntries(together.flatMap((v, i) => (inStep(t, i) ? [[v.name, gradients[i]!]] : []))));
      for (const [i, v] of alone.entries()) if (inStep(t, i)) each[i]!.applyGradients({ [v.name]: gradients[i]! });
      tf.dispose(gradients);
    }
    for (const [i, v] of together.entries()) expect(Array.from(await v.data()), `variable ${i}`).toEqual(Array.from(await alone[i]!.data()));
    for (const o of [one, ...each]) o.dispose();
    tf.dispose([together, alone]);
  });

  it("keep nothing else, and leave snapshots as they were", async () => {
    const vs = variables();
    const gradients = vs.map(({ shape }, i) => uniform(shape, 50 + i));
    const given = Object.fromEntries(vs.map((v, i) => [v.name, gradients[i]!]));
    const o = make();
    for (let t = 0; t < steps; t++) o.applyGradients(given);
    const { numBytes, numDataBuffers } = tf.memory();
    const snapshots = vs.map((v) => tf.clone<tf.Tensor>(v));
    const before = await Promise.all(snapshots.map((snapshot) => snapshot.data()));
    const names = Object.keys(tf.engine().registeredVariables).length;
    await expectTensorGrowth(0, () => o.applyGradients(given));
    await expectTensorGrowth(0, () => o.applyGradients(given));
    expect(Object.keys(tf.engine().registeredVariables)).toHaveLength(names);
    for (const [i, snapshot] of snapshots.entries()) expect(await snapshot.data()).toEqual(before[i]);
    tf.dispose(snapshots);
    expect(tf.memory()).toMatchObject({ numBytes, numDataBuffers });
    o.dispose();
    tf.dispose([vs, gradients]);
  });

  it("are as they were after a gradient that has been disposed, large ones too, and nothing stays", async () => {
    for (const some of [[[256, 256]], [[5], [5], [5], [5]]]) {
      const vs = some.map((shape, i) => tf.tidy(() => tf.variable(uniform(shape, i + 1))));
      const gradients = some.map((shape, i) => uniform(shape, 50 + i));
      const given = Object.fromEntries(vs.map((v, i) => [v.name, gradients[i]!]));
      const o = make();
      o.applyGradients(given);
      const before = await Promise.all(vs.map((v) => v.data()));
      gradients.at(-1)!.dispose();
      await expectTensorGrowth(0, () => expect(() => o.applyGradients(given)).toThrow(/the gradient of ".*" has been disposed\. Dispose gradients after applyGradients/));
      for (const [i, v] of vs.entries()) expect(await v.data()).toEqual(before[i]);
      o.dispose();
      tf.dispose([vs, gradients]);
    }
  });
});

describe("variables of one shape, of which some decay", () => {
  it("have their own decay in their momentum also in a step with a learning rate of 0", async () => {
    const vs = Array.from({ length: 4 }, () => tf.variable(tf.ones([2])));
    const decaying = vs.slice(1).map(({ name }) => name);
    const o = sgd({ learningRate: (step) => (step === 0 ? 0 : 1), momentum: 0.5, weightDecay: 0.25, decay: "added-to-gradient", decayFilter: (name) => decaying.includes(name) });
    const gradients = Object.fromEntries(vs.map(({ name }) => [name, tf.zeros([2])]));
    for (let t = 0; t < 2; t++) o.applyGradients(gradients);
    // m = 0.25, then 0.5 · 0.25 + 0.25
    for (const [i, v] of vs.entries()) expect(Array.from(await v.data()), `variable ${i}`).toEqual(i === 0 ? [1, 1] : [0.625, 0.625]);
    o.dispose();
    tf.dispose([vs, gradients]);
  });
});

it("a model whose biases are updated as one goes on training and predicting", async () => {
  const xs = uniform([8, 5], 1);
  const values: number[][] = [];
  for (const optimizer of [sgdSai({ learningRate: 1e-3 }), tf.train.sgd(0)]) {
    const model = tf.sequential({ layers: Array.from({ length: 5 }, (_, i) => tf.layers.dense({ units: 5, activation: "relu", kernelInitializer: tf.initializers.glorotNormal({ seed: i + 1 }), ...(i === 0 ? { inputShape: [5] } : {}) })) });
    model.compile({ optimizer, loss: "meanSquaredError" });
    await model.fit(xs, tf.onesLike(xs), { epochs: steps, batchSize: 8, verbose: 0 });
    const outputs = model.predict(xs) as tf.Tensor;
    values.push(Array.from(await outputs.data()));
    for (const weight of model.weights) expect(weight.read().shape, weight.name).toEqual(weight.name.includes("bias") ? [5] : [5, 5]);
    outputs.dispose();
    model.dispose();
    optimizer.dispose();
  }
  expect(values[0]).not.toEqual(values[1]);
  expect(values[0]!.every(Number.isFinite)).toBe(true);
  xs.dispose();
});

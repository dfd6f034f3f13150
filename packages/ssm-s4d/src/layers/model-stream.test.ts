import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { furthest, largest, normals, thrown } from "../host.fixture.js";
import { createModelStream, s4d, s4dBlock, s4dClassifier, type ModelStream, type S4D, type S4DLayerArgs } from "../index.js";

const small = { init: "inv", dState: 8, dtMin: 0.01, seed: 3 } as const;
const sequence = (batch: number, length: number, ...rest: number[]) => tf.tensor(normals(batch * length * rest.reduce((a, b) => a * b, 1), 7), [batch, length, ...rest]);
const stepsOf = (x: tf.Tensor) => tf.unstack(x, 1);

/** The outputs of every step, on the host. */
async function outputs(stream: ModelStream, x: tf.Tensor): Promise<Float32Array[]> {
  const given: Float32Array[] = [];
  for (const each of stepsOf(x)) {
    const y = stream.step(each);
    given.push(await y.data<"float32">());
    tf.dispose([each, y]);
  }
  return given;
}

/** What `predict` gives, on the host: "L" arrays when it has an output at every step. */
async function whole(model: tf.LayersModel, x: tf.Tensor, timed: boolean): Promise<Float32Array[]> {
  const y = model.predict(x) as tf.Tensor;
  const parts = timed ? stepsOf(y) : [y.clone()];
  const values = await Promise.all(parts.map((part) => part.data<"float32">()));
  tf.dispose([y, ...parts]);
  return values;
}

/** Every weight away from its starting value, where zeros and ones hide mistakes; moving variances stay above 0. */
const disturb = (model: tf.LayersModel) => tf.tidy(() => model.setWeights(model.getWeights().map((weight, i) => tf.add(weight, tf.abs(tf.mul(tf.tensor(normals(weight.size, i), weight.shape), 0.05))))));

const dense = (units: number, more: object = {}) => tf.layers.dense({ units, ...more });

describe("createModelStream", () => {
  it.each<[string, () => tf.LayersModel, number[]]>([
    ["blocks after each other, post-norm and pre-norm", () => tf.sequential({ layers: [dense(6, { inputShape: [null, 2] }), s4dBlock({ ...small, init: "legs" }), s4dBlock({ ...small, prenorm: true, dropout: 0.3 }), dense(3)] }), [2]],
    [
      "every kind of layer that treats steps alike, in nested models",
      () =>
        tf.sequential({
          layers: [
            tf.sequential({ layers: [dense(4, { inputShape: [30, 3], activation: "relu" }), s4d({ ...small, finalActivation: "linear", activation: "relu" }), tf.layers.batchNormalization()] }),
            tf.sequential({ layers: [tf.layers.layerNormalization({ inputShape: [30, 4] }), tf.layers.timeDistributed({ layer: dense(5) }), tf.layers.dropout({ rate: 0.5 }), tf.layers.spatialDropout1d({ rate: 0.5 })] }),
            tf.layers.activation({ activation: "tanh" }),
            tf.layers.leakyReLU(),
            tf.layers.softmax({ axis: -1 }),
          ],
        }),
      [3],
    ],
    ["steps with axes of their own", () => tf.sequential({ layers: [tf.layers.timeDistributed({ layer: tf.layers.flatten(), inputShape: [30, 2, 3] } as never), s4d({ ...small, method: "bilinear", rate: 2, bandlimit: 0.5, finalActivation: "none" })] }), [2, 3]],
    [
      "a layer that is used twice, in a functional model",
      () => {
        const input = tf.input({ shape: [null, 4] });
        const layer = s4d(small);
        return tf.model({ inputs: input, outputs: layer.apply(layer.apply(input)) as tf.SymbolicTensor });
      },
      [4],
    ],
  ])("gives what predict gives at every step: %s", async (_, make, shape) => {
    const model = make();
    disturb(model);
    const x = sequence(2, 30, ...shape);
    const stream = await createModelStream(model, { batchSize: 2 });
    expect(stream.inputShape).toEqual([2, ...shape]);
    const [one, all] = [await outputs(stream, x), await whole(model, x, true)];
    for (const [t, y] of one.entries()) expect(furthest(y, all[t]!), `step ${t}`).toBeLessThan(2e-4 * Math.max(1, largest(all[t]!)));
    stream.dispose();
    x.dispose();
    model.dispose();
  });

  it("answers with a classifier after every step as for the sequence so far, again after reset", async () => {
    const model = s4dClassifier({ ...small, inputShape: [null, 1], classes: 3, features: 8, layers: 2 });
    disturb(model);
    const x = sequence(2, 40, 1);
    const stream = await createModelStream(model, { batchSize: 2 });
    const first = await outputs(stream, x);
    for (const length of [1, 13, 40]) {
      const part = tf.slice(x, [0, 0, 0], [2, length, 1]);
      expect(furthest(first[length - 1]!, (await whole(model, part, false))[0]!), `${length} steps`).toBeLessThan(1e-4);
      part.dispose();
    }
    stream.reset();
    expect(await outputs(stream, x)).toEqual(first);
    stream.dispose();
    x.dispose();
    model.dispose();
  });

  it("reads tokens through an Embedding of fixed length", async () => {
    const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 9, outputDim: 6, inputLength: 20 }), s4dBlock(small), tf.layers.globalAveragePooling1d(), tf.layers.reshape({ targetShape: [3, 2] }), tf.layers.flatten(), dense(4)] });
    const tokens = tf.tensor2d(Array.from({ length: 20 }, (_, t) => (t * 5) % 9), [1, 20], "int32");
    const stream = await createModelStream(model);
    expect(stream.inputShape).toEqual([1]);
    expect(furthest((await outputs(stream, tokens)).at(-1)!, (await whole(model, tokens, false))[0]!)).toBeLessThan(1e-4);
    stream.dispose();
    tokens.dispose();
    model.dispose();
  });

  it("at rate 2 answers to every second sample as a model of twice the rate", async () => {
    const make = (rate: number) => tf.sequential({ layers: [s4d({ ...small, rate, inputShape: [null, 2] })] });
    const [model, fast] = [make(1.5), make(3)];
    const x = sequence(1, 20, 2);
    const stream = await createModelStream(model, { rate: 2 });
    const all = await whole(fast, x, true);
    for (const [t, y] of (await outputs(stream, x)).entries()) expect(furthest(y, all[t]!)).toBeLessThan(1e-4);
    stream.dispose();
    x.dispose();
    model.dispose();
    fast.dispose();
  });

  it("keeps the number of tensors from the first step on, in a tidy too, and frees its own, twice disposed", async () => {
    const model = s4dClassifier({ ...small, inputShape: [null, 1], classes: 3, features: 4, layers: 2 });
    await expectTensorGrowth(0, async () => {
      const stream = await createModelStream(model);
      const x = tf.tensor2d([[0.5]]);
      const before = tensorCount();
      for (let t = 0; t < 3; t++) {
        stream.step(x).dispose();
        tf.tidy(() => void stream.step(x));
        expect(tensorCount()).toBe(before);
      }
      stream.reset();
      expect(tensorCount()).toBe(before);
      stream.dispose();
      stream.dispose();
      stream.reset();
      const error = await thrown(() => stream.step(x));
      expect(WarmstartError.isInstance(error, "MODEL_STATE"), String(error)).toBe(true);
      x.dispose();
    });
    model.dispose();
  });

  const inModel = (...layers: tf.layers.Layer[]) => tf.sequential({ layers: [dense(4, { inputShape: [12, 2] }), ...layers] });
  const s4dOf = (args: S4DLayerArgs) => inModel(s4d(small), s4d({ ...small, ...args, name: "theS4D" }));
  it.each<[string, () => tf.LayersModel, string, object?]>([
    ["a convolution", () => inModel(tf.layers.conv1d({ filters: 2, kernelSize: 3, name: "conv" })), "createModelStream: the layer \"conv\" must treat every step by itself, or be S4D, S4DBlock or GlobalAveragePooling1D, got class Conv1D"],
    ["another recurrence", () => inModel(tf.layers.lstm({ units: 2, name: "memory" })), "the layer \"memory\" must treat every step by itself"],
    ["Flatten", () => inModel(tf.layers.flatten({ name: "flat" })), "the layer \"flat\" must treat every step by itself"],
    ["a bidirectional S4D", () => s4dOf({ bidirectional: true }), "the layer \"theS4D\" must have `bidirectional: false`, got true"],
    ["a shortened kernel", () => s4dOf({ lMax: 5 }), "the layer \"theS4D\" must have `lMax: null`, got 5"],
    ["statistics over time", () => inModel(tf.layers.layerNormalization({ axis: 1, name: "norm" })), "the layer \"norm\" must leave the axes of batch and time alone, got axis 1"],
    ["a mask", () => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true, inputLength: 5, name: "words" }), s4d(small)] }), "the layer \"words\" must have `maskZero` false"],
    ["a softmax over time, tfjs' default", () => inModel(tf.layers.softmax({ name: "shares" })), "the layer \"shares\" must leave the axes of batch and time alone, got axis 1"],
    ["no axis of time", () => tf.sequential({ layers: [dense(3, { inputShape: [5], name: "only" })] }), "the layer \"only\" must get an input [batch, time, ...]"],
    [
      "a branch",
      () => {
        const input = tf.input({ shape: [null, 3] });
        return tf.model({ inputs: input, outputs: tf.layers.add({ name: "sum" }).apply([input, dense(3).apply(input) as tf.SymbolicTensor]) as tf.SymbolicTensor });
      },
      "the layer \"sum\" must have one input, got 2",
    ],
    [
      "two outputs",
      () => {
        const input = tf.input({ shape: [null, 3] });
        return tf.model({ inputs: input, outputs: [dense(3).apply(input), dense(2).apply(input)] as tf.SymbolicTensor[] });
      },
      "must have one input and one output, got 1 and 2",
    ],
    ["an unknown number of channels", () => tf.sequential({ layers: [tf.layers.activation({ activation: "relu", inputShape: [null, null] })] }), "with known sizes after time, got [*, *, *]"],
    ["a batch of none", () => inModel(s4d(small)), "`batchSize` must be an integer of at least 1, got 0", { batchSize: 0 }],
    ["a rate of 0", () => inModel(s4d(small)), "`rate` must be a finite number above 0, got 0", { rate: 0 }],
  ])("refuses %s and leaves no tensor", async (_, make, message, options) => {
    const model = make();
    const error = await expectTensorGrowth(0, () => thrown(() => createModelStream(model, options)));
    expect(WarmstartError.isInstance(error, "INVALID_OPTION"), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
    model.dispose();
  });

  it("refuses a model that is not built, and steps of another shape", async () => {
    const error = await thrown(() => createModelStream(tf.sequential()));
    expect(WarmstartError.isInstance(error, "MODEL_STATE"), String(error)).toBe(true);

    const model = tf.sequential({ layers: [s4d({ ...small, inputShape: [null, 2] })] });
    const stream = await createModelStream(model);
    const x = tf.zeros([2, 2]);
    const shape = await expectTensorGrowth(0, () => thrown(() => stream.step(x)));
    expect(WarmstartError.isInstance(shape, "SHAPE_MISMATCH"), String(shape)).toBe(true);
    x.dispose();
    stream.dispose();
    model.dispose();
  });
});

describe("S4D.stream", () => {
  it("runs one layer step by step", async () => {
    const model = tf.sequential({ layers: [s4dBlock({ ...small, inputShape: [null, 3] })] });
    const x = sequence(2, 10, 3);
    const stream = await (model.layers[0] as S4D).stream({ batchSize: 2 });
    const [one, all] = [await outputs(stream, x), await whole(model, x, true)];
    for (const [t, y] of one.entries()) expect(furthest(y, all[t]!)).toBeLessThan(1e-4);
    stream.dispose();
    x.dispose();
    model.dispose();
  });
});

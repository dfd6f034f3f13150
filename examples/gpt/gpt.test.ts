import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { CausalAttention } from "./causal-attention.js";
import { LayerNorm } from "./layer-norm.js";
import { nextTokenLoss } from "./loss.js";
import { buildGpt } from "./model.js";

const tiny = { vocabulary: 31, context: 8, width: 12, blocks: 2, heads: 3, seed: 1 };
const names = (model: tf.LayersModel) => model.weights.map(({ originalName }) => originalName);

const labels = () => tf.tensor2d([[2, 0, 3], [1, 1, 4]], [2, 3], "int32");
const logits = () => tf.randomNormal([2, 3, 5], 0, 3, "float32", 8);
const composed = (y: tf.Tensor, x: tf.Tensor) => tf.neg(tf.mean(tf.sum(tf.mul(tf.oneHot(tf.cast(y, "int32"), 5), tf.logSoftmax(x)), -1))) as tf.Scalar;

describe("buildGpt", () => {
  it("names its linear maps block0/q … head, with stock Dense layers", () => {
    const model = buildGpt(tiny);
    const dense = model.layers.filter((layer) => layer.getClassName() === "Dense").map(({ name }) => name);
    expect(dense).toEqual([...["block0", "block1"].flatMap((block) => ["q", "k", "v", "o", "fc1", "fc2"].map((name) => `${block}/${name}`)), "head"]);
    expect(names(model)).toContain("block1/fc2/kernel");
    model.dispose();
  });

  it("maps tokens [batch, time] to logits [batch, time, vocabulary], for any time up to the context", async () => {
    const model = buildGpt(tiny);
    const logits = model.predict(tf.tensor2d([[1, 2, 3], [4, 5, 6]], [2, 3], "int32")) as tf.Tensor;
    expect(logits.shape).toEqual([2, 3, 31]);
    expect([...(await logits.data())].every(Number.isFinite)).toBe(true);
    logits.dispose();
    model.dispose();
  });

  it("is the same for the same seed and another for another", async () => {
    const kernels = [1, 1, 2].map((seed) => buildGpt({ ...tiny, seed }).getLayer("block0/fc1").getWeights()[0]!);
    const [first, again, other] = await Promise.all(kernels.map((kernel) => kernel.data()));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("is causal: another later token changes no earlier logit, and changes its own", async () => {
    const model = buildGpt(tiny);
    const tokens = [3, 1, 4, 1, 5, 9, 2, 6];
    const changed = tokens.with(5, 11);
    const logits = model.predict(tf.tensor2d([tokens, changed], [2, 8], "int32")) as tf.Tensor;
    const [a, b] = (await logits.array()) as number[][][];
    expect(b!.slice(0, 5)).toEqual(a!.slice(0, 5));
    expect(b![5]).not.toEqual(a![5]);
    expect(b![7]).not.toEqual(a![7]);
  });

  it("comes back from model.save with the same weights and the same output", async () => {
    const model = buildGpt(tiny);
    const tokens = tf.tensor2d([[1, 2, 3, 4]], [1, 4], "int32");
    let saved: tf.io.ModelArtifacts = {};
    await model.save(tf.io.withSaveHandler(async (artifacts) => ({ modelArtifactsInfo: { dateSaved: new Date((saved = artifacts) && 0), modelTopologyType: "JSON" } })));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
    expect(names(loaded)).toEqual(names(model));
    expectClose(await (loaded.predict(tokens) as tf.Tensor).data(), await (model.predict(tokens) as tf.Tensor).data(), 1e-6);
  });
});

describe("CausalAttention", () => {
  it("is softmax(q·k/√size) over the past times v, head by head", async () => {
    const [time, width, heads] = [4, 6, 2];
    const draw = (seed: number) => tf.randomNormal([1, time, width], 0, 1, "float32", seed);
    const inputs = [draw(1), draw(2), draw(3)];
    const [q, k, v] = (await Promise.all(inputs.map((x) => x.array()))) as number[][][][];
    const output = await (new CausalAttention({ heads }).apply(inputs) as tf.Tensor).array() as number[][][];
    const size = width / heads;
    for (let head = 0; head < heads; head++) {
      const part = (x: number[]) => x.slice(head * size, (head + 1) * size);
      for (let i = 0; i < time; i++) {
        const weights = k![0]!.slice(0, i + 1).map((key) => Math.exp(part(key).reduce((sum, x, d) => sum + x * part(q![0]![i]!)[d]!, 0) / Math.sqrt(size)));
        const total = weights.reduce((a, b) => a + b);
        const expected = Array.from({ length: size }, (_, d) => weights.reduce((sum, w, j) => sum + (w / total) * part(v![0]![j]!)[d]!, 0));
        expectClose(part(output[0]![i]!), expected, 1e-5);
      }
    }
  });

  it("keeps its heads in its configuration", () => {
    expect(CausalAttention.fromConfig(CausalAttention, new CausalAttention({ name: "a", heads: 3 }).getConfig()).getConfig()).toMatchObject({ name: "a", heads: 3 });
  });
});

describe("LayerNorm", () => {
  it("gives tfjs' own layer's values, and its gradients", async () => {
    const x = tf.randomNormal([2, 3, 5], 1, 2, "float32", 4);
    const direction = tf.randomNormal([2, 3, 5], 0, 1, "float32", 5);
    const weights = [tf.randomNormal([5], 1, 0.1, "float32", 6), tf.randomNormal([5], 0, 1, "float32", 7)];
    const [ours, theirs] = await Promise.all(
      [new LayerNorm({}), tf.layers.layerNormalization({ epsilon: 1e-5 })].map(async (layer) => {
        layer.apply(x);
        layer.setWeights(weights);
        const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const loss = (input: tf.Tensor) => tf.sum(tf.mul(layer.apply(input) as tf.Tensor, direction)) as tf.Scalar;
        const byWeight = tf.variableGrads(() => loss(x), variables).grads;
        return Promise.all([layer.apply(x) as tf.Tensor, tf.grad(loss)(x), ...variables.map(({ name }) => byWeight[name]!)].map((t) => t.data()));
      }),
    );
    for (const [i, expected] of theirs!.entries()) expectClose(ours![i]!, expected, 1e-5);
  });
});

describe("nextTokenLoss", () => {
  it("is the mean cross-entropy, and its gradient is that of the composed operations", async () => {
    const [y, x] = [labels(), logits()];
    expectClose(await nextTokenLoss(y, x).data(), await composed(y, x).data(), 1e-6);
    expectClose(await tf.grad((z) => nextTokenLoss(y, z))(x).data(), await tf.grad((z) => composed(y, z))(x).data(), 1e-6);
  });

  it("is ln(vocabulary) for equal logits and finite for logits of a thousand", async () => {
    expectClose(await nextTokenLoss(labels(), tf.zeros([2, 3, 5])).data(), [Math.log(5)], 1e-6);
    expect(Number.isFinite((await nextTokenLoss(labels(), tf.mul(logits(), 1000)).data())[0])).toBe(true);
  });

  it("leaves its result alone behind", async () => {
    const [y, x] = [labels(), logits()];
    await expectTensorGrowth(1, () => nextTokenLoss(y, x));
  });
});

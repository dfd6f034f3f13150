import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError, type LabelledBatch, type Network } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { force, grasp, magnitude, prospr, snip, snipScores, type ScoreMap } from "../index.js";
import { disposedAfterEach } from "../disposed-after-each.fixture.js";

const { layers } = tf;
beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const owned = disposedAfterEach();
const normal = (shape: number[], seed: number, std = 0.6) => tf.randomNormal(shape, 0, std, "float32", seed);
const tensor = (make: () => tf.Tensor) => owned(tf.tidy(make));
const plain = (scores: ScoreMap) => Object.fromEntries([...scores].map(([path, values]) => [path, Array.from(values)]));
const codeOf = (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (WarmstartError.isInstance(error) ? error.code : String(error)));
const squared = (labels: tf.Tensor, outputs: tf.Tensor) => tf.losses.meanSquaredError(labels, outputs) as tf.Scalar;

/** A model with seeded weights. */
function withWeights(list: tf.layers.Layer[]): tf.Sequential {
  const model = owned(tf.sequential({ layers: list }));
  tf.tidy(() => networkOf(model).parameters.forEach(({ role, shape, variable }, i) => role !== "statistic" && variable.assign(normal([...shape], i + 1))));
  return model;
}

const classifier = (last?: "softmax") => withWeights([layers.dense({ units: 6, inputShape: [4], activation: "relu", name: "fc1" }), layers.dense({ units: 3, name: "fc2", ...(last ? { activation: last } : {}) })]);
const batch = (seed = 11): LabelledBatch => ({ xs: tensor(() => normal([10, 4], seed, 1)), ys: tensor(() => tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], "int32")) });

describe("snipScores", () => {
  it("is |w · g| over its sum, on a network by hand", async () => {
    // xw = -1.5, y = 1, g = (xw - y) x = [-2.5, -5]
    const kernel = owned(tf.variable(tf.tensor2d([0.5, -1], [2, 1])));
    const network: Network = { parameters: [{ path: "w/kernel", layer: "w", role: "kernel", shape: [2, 1], variable: kernel, trainable: true }], sites: [], forward: (x) => tf.matMul(x as tf.Tensor2D, kernel as unknown as tf.Tensor2D) };
    const data = [{ xs: tensor(() => tf.tensor2d([[1, 2]])), ys: tensor(() => tf.tensor2d([[1]])) }];
    const { scores, sum, loss } = await snipScores(network, data, { loss: (y, out) => tf.div(tf.sum(tf.square(tf.sub(out, y))), 2) as tf.Scalar });
    expectClose(scores.get("w/kernel")!, [0.2, 0.8], 1e-6);
    expect(sum).toBeCloseTo(6.25, 5);
    expect(loss).toBeCloseTo(3.125, 5);
  });

  it("is the derivative by a mask on each weight, for every kind of kernel", async () => {
    const image = withWeights([
      layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [9, 9, 2], activation: "relu", name: "conv" }),
      layers.separableConv2d({ filters: 4, kernelSize: 2, name: "separable" }),
      layers.depthwiseConv2d({ kernelSize: 2, name: "depth" }),
      layers.conv2dTranspose({ filters: 3, kernelSize: 2, name: "up" }),
      layers.globalAveragePooling2d({ dataFormat: "channelsLast" }),
      layers.dense({ units: 3, name: "head" }),
    ]);
    const words = withWeights([layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 5, name: "words" }), layers.gru({ units: 3, name: "memory" }), layers.dense({ units: 3, name: "head" })]);
    const labels = tensor(() => normal([6, 3], 3));
    const tokens = tensor(() => tf.cast(tf.reshape(tf.mod(tf.range(0, 30), 7), [6, 5]), "int32"));
    for (const [model, xs, count] of [[image, tensor(() => normal([6, 9, 9, 2], 2, 1)), 6], [words, tokens, 4]] as const) {
      const network = networkOf(model);
      const { scores, sum } = await snipScores(model, [{ xs, ys: labels }], { loss: squared });
      expect(scores.size).toBe(count);
      for (const [path, values] of scores) {
        // ∂L/∂m at m = 1, the kernel being the constant w times m.
        const { variable } = network.parameters.find((parameter) => parameter.path === path)!;
        const weights = await variable.data();
        const step = 1e-2;
        const at = Array.from(values).reduce((best, value, i) => (value > values[best]! ? i : best), 0); // the largest score
        const lossAt = async (mask: number) => {
          const changed = Float32Array.from(weights);
          changed[at] = weights[at]! * mask;
          tf.tidy(() => variable.assign(tf.tensor(changed, variable.shape)));
          const value = tf.tidy(() => squared(labels, network.forward(xs) as tf.Tensor));
          const [read] = await value.data();
          value.dispose();
          return read!;
        };
        const slope = Math.abs((await lossAt(1 + step)) - (await lossAt(1 - step))) / (2 * step);
        tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(weights), variable.shape)));
        expect(values[at]! * sum, path).toBeGreaterThan(slope * 0.97 - 2e-5);
        expect(values[at]! * sum, path).toBeLessThan(slope * 1.03 + 2e-5);
      }
    }
  });

  it("adds signed gradients over batches, in any order, and does not rank a scaled loss otherwise", async () => {
    const [model, one, two] = [classifier(), batch(1), batch(2)];
    const joint = plain((await snipScores(model, [one, two])).scores);
    const turned = plain((await snipScores(model, [two, one])).scores);
    const scaled = plain((await snipScores(model, [one, two], { loss: (y, logits) => tf.mul(tf.losses.softmaxCrossEntropy(tf.oneHot(y as tf.Tensor1D, 3), logits), 7) as tf.Scalar })).scores);
    for (const path of Object.keys(joint)) {
      expectClose(turned[path]!, joint[path]!, 1e-6);
      expectClose(scaled[path]!, joint[path]!, 1e-6);
    }
    const separate = [(await snipScores(model, [one])), (await snipScores(model, [two]))];
    const added = Array.from(separate[0]!.scores.get("fc1/kernel")!, (value, i) => value * separate[0]!.sum + separate[1]!.scores.get("fc1/kernel")![i]! * separate[1]!.sum);
    const total = (await snipScores(model, [one, two])).sum;
    expect(added.some((value, i) => value > joint["fc1/kernel"]![i]! * total * 1.01)).toBe(true); // signs cancel, absolute values do not
  });

  it("sees logits behind a softmax or a sigmoid at the end, in whatever layer it is", async () => {
    const data = [batch()];
    const expected = plain((await snipScores(classifier(), data)).scores);
    const separate = withWeights([layers.dense({ units: 6, inputShape: [4], activation: "relu", name: "fc1" }), layers.dense({ units: 3, name: "fc2" }), layers.softmax({ name: "end" })]);
    const sigmoid = withWeights([layers.dense({ units: 6, inputShape: [4], activation: "relu", name: "fc1" }), layers.dense({ units: 3, name: "fc2", activation: "sigmoid" })]);
    for (const model of [classifier("softmax"), separate, sigmoid]) {
      const scores = plain(await expectTensorGrowth(0, async () => (await snipScores(model, data)).scores));
      for (const path of Object.keys(expected)) expectClose(scores[path]!, expected[path]!, 1e-6);
    }
  });

  it("takes one-hot labels and class numbers alike, and scores frozen layers", async () => {
    const { xs, ys } = batch();
    const expected = plain((await snipScores(classifier(), [{ xs, ys }])).scores);
    const oneHot = tensor(() => tf.oneHot(ys as tf.Tensor1D, 3));
    const column = tensor(() => tf.reshape(tf.cast(ys as tf.Tensor, "float32"), [10, 1]));
    const model = classifier();
    model.layers[0]!.trainable = false;
    for (const labels of [oneHot, column]) expect(plain((await snipScores(model, [{ xs, ys: labels }])).scores)).toEqual(expected);
  });

  it("scores dilated convolutions and batch norm without scale, of which tfjs has no gradient", async () => {
    const model = withWeights([layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, inputShape: [5, 5, 1], name: "dilated" }), layers.batchNormalization({ scale: false }), layers.flatten(), layers.dense({ units: 3 })]);
    const data = [{ xs: tensor(() => normal([10, 5, 5, 1], 2)), ys: batch().ys }];
    for (const bnMode of ["eval", "train"] as const) expect((await snipScores(model, data, { bnMode })).scores.size).toBe(2);
  });

  it("says what is wrong with data, labels and networks, and leaks nothing", async () => {
    const [model, { xs, ys }] = [classifier(), batch()];
    const wide = tensor(() => tf.zeros([10, 4]));
    const five = tensor(() => tf.fill([10], 5, "int32"));
    const nan = tensor(() => tf.fill([10, 4], NaN));
    const silent = withWeights([layers.dense({ units: 3, inputShape: [4] })]);
    tf.tidy(() => silent.setWeights([tf.zeros([4, 3]), tf.zeros([3])]));
    const input = tf.input({ shape: [4] });
    const shown = layers.dense({ units: 3, name: "shown" }).apply(input) as tf.SymbolicTensor;
    const aside = owned(tf.model({ inputs: input, outputs: [shown, layers.dense({ units: 2, name: "aside" }).apply(input) as tf.SymbolicTensor] }));
    const attempts: [string, () => Promise<unknown>][] = [
      ["SHAPE_MISMATCH", () => snipScores(model, [{ xs, ys: wide }])],
      ["INVALID_OPTION", () => snipScores(model, [{ xs, ys: five }])],
      ["INVALID_OPTION", () => snipScores(model, [xs as never])],
      ["NOT_FINITE", () => snipScores(model, [{ xs: nan, ys }])],
      ["INSUFFICIENT_DATA", () => snipScores(model, [])],
      ["INSUFFICIENT_DATA", () => snipScores(silent, [{ xs, ys }])],
      ["NO_MATCH", () => snipScores(model, [{ xs, ys }], { include: () => false })],
      ["MODEL_STATE", () => snipScores(aside, [{ xs, ys }], { loss: (labels, outputs) => tf.losses.softmaxCrossEntropy(tf.oneHot(labels as tf.Tensor1D, 3), (outputs as unknown as tf.Tensor[])[0]!) as tf.Scalar })],
    ];
    for (const [code, attempt] of attempts) expect(await expectTensorGrowth(0, () => codeOf(attempt()))).toBe(code);
  });
});

describe("snip", () => {
  it("keeps exactly as many weights as asked, in rounds that only shrink, and prunes in place", async () => {
    const [model, data] = [classifier(), [batch()]];
    const { result, details } = await initialize(model, snip({ compression: 7, data, iterations: 4 }));
    owned(result);
    expect(Object.values(details.kept).reduce((sum, count) => sum + count, 0)).toBe(6);
    const totals = details.rounds.map(({ kept }) => kept.reduce((sum, count) => sum + count, 0));
    expect(totals).toEqual(totals.toSorted((a, b) => b - a));
    for (const { path, variable, role } of networkOf(model).parameters) {
      if (role !== "kernel") continue;
      const [weights, mask] = [await variable.data(), await result.masks[path]!.data()];
      expect(weights.every((weight, i) => (weight !== 0) === (mask[i] === 1))).toBe(true);
    }
  });

  it("goes through a function of data in each round, through an iterator once", async () => {
    const model = classifier();
    const fresh = () => (function* () {
      const ys = tf.tensor1d([0, 1, 2], "int32");
      yield { xs: normal([3, 4], 5, 1), ys };
    })();
    await expectTensorGrowth(0, async () => (await snip({ density: 0.5, iterations: 3, data: fresh }).plan(model)).dispose());
    await expectTensorGrowth(0, async () => (await snip({ density: 0.5, data: fresh() }).plan(model)).dispose());
    expect(await expectTensorGrowth(0, () => codeOf(snip({ density: 0.5, iterations: 3, data: fresh() }).plan(model)))).toBe("INSUFFICIENT_DATA");
  });

  it("plans twice at a time as one after the other, and restores statistics that training passes move", async () => {
    const model = withWeights([layers.dense({ units: 6, inputShape: [4], name: "fc1" }), layers.batchNormalization(), layers.dense({ units: 3 })]);
    const before = await Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data())));
    const make = (iterations: number) => snip({ density: 0.2, iterations, data: [batch()], bnMode: "train" }).plan(model);
    const [alone, together] = [[await make(3), await make(5)], await Promise.all([make(3), make(5)])];
    expect(together.map(({ details }) => details)).toEqual(alone.map(({ details }) => details));
    expect(await Promise.all(model.getWeights().map(async (weight) => Array.from(await weight.data())))).toEqual(before);
    for (const plan of [...alone, ...together]) plan.dispose();
  });

  it("notes kernels without any score, such as those that start at zero", async () => {
    const model = classifier();
    tf.tidy(() => model.layers[1]!.setWeights([tf.zeros([6, 3]), tf.ones([3])]));
    const plan = await magnitude({ density: 0.5 }).plan(model);
    expect(plan.report.notes.join()).toContain("fc2/kernel");
    plan.dispose();
  });
});

describe("a separable convolution of several outputs a channel, which tfjs saves without their number", () => {
  it("is scored in front of a softmax, and its weights can be drawn anew", async () => {
    const model = withWeights([layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, inputShape: [6, 6, 2], name: "separable" }), layers.globalAveragePooling2d({}), layers.dense({ units: 3, activation: "softmax", name: "head" })]);
    const images = { xs: tensor(() => normal([6, 6, 6, 2], 3, 1)), ys: tensor(() => tf.tensor1d([0, 1, 2, 0, 1, 2], "int32")) };
    const { result, details } = await initialize(model, snip({ density: 0.5, data: [images], reinit: true }));
    owned(result);
    expect(Object.keys(details.kept)).toEqual(["separable/depthwise_kernel", "separable/pointwise_kernel", "head/kernel"]);
    expect(result.masks["separable/depthwise_kernel"]!.shape).toEqual([3, 3, 2, 2]);
  });
});

describe("a batch too small for its own statistics", () => {
  const normalized = () => withWeights([layers.dense({ units: 6, inputShape: [4], name: "fc1" }), layers.batchNormalization({ name: "norm" }), layers.dense({ units: 3, name: "fc2" })]);
  const one = (): LabelledBatch => ({ xs: tensor(() => normal([1, 4], 3, 1)), ys: tensor(() => tf.tensor1d([1], "int32")) });
  const notesOf = async (initializer: ReturnType<typeof snip>, target: tf.LayersModel | Network = normalized()) => {
    const plan = await initializer.plan(target);
    const { notes } = plan.report;
    plan.dispose();
    return notes.join();
  };

  it("is a note in the report, also where it is one of many", async () => {
    const warned = /A batch of 1 gives the batch normalization norm one value a channel/;
    const [model, single, many] = [normalized(), one(), batch()];
    expect(await expectTensorGrowth(0, () => notesOf(snip({ density: 0.5, data: [single], bnMode: "train" }), model))).toMatch(warned);
    expect(await notesOf(grasp({ density: 0.5, data: [many, single] }), model)).toMatch(warned);
    expect(await notesOf(prospr({ density: 0.5, data: [many, single], steps: 1 }), model)).toMatch(warned);
  });

  it("is none for enough samples or positions, and with moving statistics", async () => {
    expect(await notesOf(snip({ density: 0.5, data: [batch()], bnMode: "train" }))).not.toMatch(/one value a channel/);
    expect(await notesOf(snip({ density: 0.5, data: [one()] }))).not.toMatch(/one value a channel/);
    const positions = withWeights([layers.conv1d({ filters: 6, kernelSize: 2, inputShape: [4, 1], name: "conv" }), layers.batchNormalization({ name: "norm" }), layers.globalAveragePooling1d({}), layers.dense({ units: 3, name: "fc2" })]);
    const image = { xs: tensor(() => normal([1, 4, 1], 3, 1)), ys: tensor(() => tf.tensor1d([1], "int32")) };
    expect(await notesOf(snip({ density: 0.5, data: [image], bnMode: "train" }), positions)).not.toMatch(/one value a channel/);
  });
});

describe("reinit", () => {
  const values = async (model: tf.LayersModel) => Object.fromEntries(await Promise.all(networkOf(model).parameters.map(async ({ path, variable }) => [path, Array.from(await variable.data())] as const)));

  it("scores the weights that are there, and trains others: the same masks, on weights of each layer's own initializer", async () => {
    const build = () => withWeights([layers.dense({ units: 60, inputShape: [4], activation: "relu", kernelInitializer: tf.initializers.heNormal({ seed: 5 }), name: "fc1" }), layers.batchNormalization({ name: "norm" }), layers.dense({ units: 3, biasInitializer: "ones", name: "fc2" })]);
    const run = async (seed: number, reinit: boolean) => {
      const model = build();
      const before = await values(model);
      const { result, details } = await initialize(model, snip({ density: 0.4, data: [batch()], reinit }), { seed });
      const masks = Object.fromEntries(await Promise.all(Object.entries(owned(result).masks).map(async ([path, mask]) => [path, Array.from(await mask.data())] as const)));
      return { before, after: await values(model), masks, details };
    };
    const [kept, first, again, other] = [await run(1, false), await run(1, true), await run(1, true), await run(2, true)];
    expect(first.masks).toEqual(kept.masks);
    expect(kept.details.reinit).toBeNull();
    expect(again.after).toEqual(first.after);
    expect(other.after["fc1/kernel"]).not.toEqual(first.after["fc1/kernel"]);
    for (const path of ["fc1/kernel", "fc2/kernel"]) {
      expect(first.after[path]!.every((weight, i) => (weight !== 0) === (first.masks[path]![i] === 1)), path).toBe(true);
      expect(first.after[path]!.some((weight, i) => weight !== 0 && weight === first.before[path]![i]), path).toBe(false);
    }
    expect(new Set(first.after["fc1/bias"])).toEqual(new Set([0]));
    expect(new Set(first.after["fc2/bias"])).toEqual(new Set([1]));
    expect(new Set(first.after["norm/gamma"])).toEqual(new Set([1]));
  });

  it("owns the masks alone, says so in the report, and refuses a network by hand before it scores", async () => {
    const model = classifier();
    const { result, report } = await expectTensorGrowth(2, () => initialize(model, magnitude({ density: 0.5, reinit: true })));
    expect(report.toString()).toContain("weights drawn anew");
    result.dispose();
    const asked: number[] = [];
    const data = () => (asked.push(1), [batch()]);
    expect(await expectTensorGrowth(0, () => codeOf(initialize(networkOf(model), snip({ density: 0.5, data, reinit: true }))))).toBe("INVALID_OPTION");
    expect(asked).toEqual([]);
  });
});

describe("force", () => {
  it("lets pruned weights return, as SNIP in rounds does not", async () => {
    const data = [batch()];
    const masksAfter = async (iterations: number, method: typeof force) => {
      const plan = await method({ density: 0.3 ** (iterations / 6), iterations, data }).plan(classifier());
      const masks = (await Promise.all(Object.values(plan.tensors).map((mask) => mask.data()))).flatMap((mask) => Array.from(mask));
      plan.dispose();
      return masks;
    };
    const returned = async (method: typeof force) => {
      let count = 0;
      let before = await masksAfter(1, method);
      for (let rounds = 2; rounds <= 6; rounds++) {
        const after = await masksAfter(rounds, method);
        count += after.filter((kept, i) => kept > before[i]!).length;
        before = after;
      }
      return count;
    };
    expect(await returned(force)).toBeGreaterThan(0);
    expect(await returned(snip)).toBe(0);
  });
});

import * as tf from "@tensorflow/tfjs";
import { disposeModel, networkOf, type LabelledBatch, type Loss } from "@warmstart/init-core";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { candidateBlocks } from "./select-blocks.js";
import { findResidualBlocks } from "./find-residual-blocks.js";
import { apply, images, mlp, resnet, transformer } from "./models.fixture.js";
import { scoreBlocks, type ScoreBlocksOptions } from "./score-blocks.js";

let batch: ReturnType<typeof images>;
beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
  batch = images();
});
afterAll(() => tf.dispose([batch.xs, batch.ys]));

/** Scores of a model that is then freed. */
async function score(model: tf.LayersModel, options: ScoreBlocksOptions): Promise<number[]> {
  try {
    return [...(await scoreBlocks(model, { data: [batch], ...options })).values()];
  } finally {
    disposeModel(model);
  }
}

const meanAbsolute = (values: readonly number[]) => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;

describe("scoreBlocks: the hand-worked net of two blocks", () => {
  // x = [1, 2]; h1 = x + relu(x UA) VA = [3.5, 2]; h2 = h1 + relu(h1 UB) VB = [6.53, 2.84]; y = h2 · [1, −1] = 3.69; L = y² / 2
  const weights = [[[0.5, -1], [1, 0.25]], [[1, 0], [0.5, -0.5]], [[-0.3, 0.8], [0.6, 0.1]], [[0.2, -0.4], [1, 0.3]], [[1], [-1]]];
  const loss: Loss = (_, y) => tf.div(tf.sum(tf.square(y)), 2) as tf.Scalar;
  const scoreBy = async (options: ScoreBlocksOptions) => {
    const model = mlp();
    tf.tidy(() => model.setWeights(weights.map((values) => tf.tensor2d(values))));
    const example = { xs: tf.tensor2d([[1, 2]]), ys: tf.tensor2d([[0]]) };
    const scores = await score(model, { blocks: candidateBlocks(findResidualBlocks(model), { excludeFirstBlock: false }), loss, temperature: 1, include: ({ layer }) => layer !== "out", data: [example], ...options });
    tf.dispose([example.xs, example.ys]);
    return scores;
  };

  it("SNIP 25.461 and 27.4536", async () => expectClose(await scoreBy({ criterion: "snip" }), [25.461, 27.4536], 0, 1e-5));
  it("GraSP 2250.88 and 1446.69, by the exact Hessian, since nothing is normalized", async () => expectClose(await scoreBy({}), [2250.880715, 1446.688651], 0, 1e-4));
  it("GraSP 4385.07 and 2870.00 when the output row takes part in the gradient", async () => expectClose(await scoreBy({ include: () => true }), [4385.07, 2870], 0, 1e-4));
  it("gate 12.7305 and 8.0811, the derivative by a factor on the branch", async () => expectClose(await scoreBy({ criterion: "gate" }), [12.7305, 8.0811], 0, 1e-4));
  it("the mean divides by the number of weights", async () => expectClose(await scoreBy({ criterion: "snip", aggregate: "mean" }), [25.461 / 8, 27.4536 / 8], 0, 1e-5));
});

describe("scoreBlocks: invariants of normalized blocks", () => {
  it("GraSP by the Hessian is minus the squared norm of the gradient, to the epsilon of the normalization", async () => {
    for (const [epsilon, relative] of [[1e-3, 0.03], [1e-6, 2e-3]] as const) {
      const exact = await score(resnet({ epsilon }), { hvp: "exact" });
      const shortcut = await score(resnet({ epsilon }), { hvp: "normShortcut" });
      expectClose(shortcut, exact, 0, relative);
      expect(await score(resnet({ epsilon }), {}), "auto").toEqual(shortcut);
      expect(exact.every((value) => value < 0)).toBe(true);
    }
  });

  it("a signed sum of weight times gradient is 0, SNIP's is not", async () => {
    const model = resnet({ epsilon: 1e-6 });
    const network = networkOf(model);
    const snip = await scoreBlocks(model, { criterion: "snip", data: [batch] });
    expect([...snip.values()].every((value) => value > 1e-2)).toBe(true);
    const kernels = network.parameters.filter(({ path }) => /conv\d\/kernel$/.test(path));
    const sums = tf.tidy(() => {
      const loss = () => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(batch.ys, "int32"), 3), network.forward(batch.xs, { training: true }) as tf.Tensor) as tf.Scalar;
      const gradients = tf.variableGrads(loss, kernels.map(({ variable }) => variable)).grads;
      return tf.stack(kernels.map(({ variable }) => {
        const product = tf.mul(variable, gradients[variable.name]!);
        return tf.div(tf.abs(tf.sum(product)), tf.sum(tf.abs(product)));
      }));
    });
    for (const ratio of await sums.data()) expect(ratio).toBeLessThan(1e-4);
    sums.dispose();
    disposeModel(model);
  });

  it("does not depend on the order of the batch; twice the loss gives twice SNIP and four times GraSP", async () => {
    const reversed = { xs: tf.reverse(batch.xs, 0), ys: tf.reverse(batch.ys, 0) };
    const loss = (factor: number): Loss => (labels, logits) => tf.mul(factor, tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(labels as tf.Tensor1D, "int32"), 3), logits)) as tf.Scalar;
    for (const [criterion, factor] of [["snip", 2], ["grasp", 4]] as const) {
      const scores = await score(resnet(), { criterion, temperature: 1 });
      expectClose(await score(resnet(), { criterion, temperature: 1, data: [reversed] }), scores, 0, 1e-3);
      expectClose(await score(resnet(), { criterion, temperature: 1, loss: loss(2) }), scores.map((value) => value * factor), 0, 1e-3);
    }
    tf.dispose([reversed.xs, reversed.ys]);
  });

  it("scores a model that ends in softmax by its logits, with one-hot labels as with class numbers, and without its dropout", async () => {
    const scores = await score(resnet(), { criterion: "snip" });
    expectClose(await score(resnet({ softmax: true }), { criterion: "snip" }), scores, 0, 1e-5);
    const onehot = { xs: batch.xs, ys: tf.oneHot(tf.cast(batch.ys, "int32"), 3) };
    expectClose(await score(resnet({ dropout: 0.5 }), { criterion: "snip", data: [onehot] }), scores, 0, 1e-5);
    onehot.ys.dispose();
  });
});

describe("scoreBlocks: other criteria", () => {
  it("the gate is the derivative by a factor on the last normalization", async () => {
    const model = resnet();
    const network = networkOf(model);
    const last = network.parameters.filter(({ path }) => /^s0b1\/norm2\/(gamma|beta)$/.test(path));
    const lossAt = async (factor: number) => {
      const old = last.map(({ variable }) => variable.clone());
      tf.tidy(() => last.forEach(({ variable }, i) => variable.assign(tf.mul(old[i]!, factor))));
      const loss = tf.tidy(() => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.cast(batch.ys, "int32"), 3), network.forward(batch.xs, { training: true }) as tf.Tensor));
      tf.tidy(() => last.forEach(({ variable }, i) => variable.assign(old[i]!)));
      const [value] = await loss.data();
      tf.dispose([loss, old]);
      return value!;
    };
    const difference = ((await lossAt(1.01)) - (await lossAt(0.99))) / 0.02;
    const gate = (await scoreBlocks(model, { criterion: "gate", data: [batch] })).get("s0b1/add")!;
    expect(gate).toBeCloseTo(Math.abs(difference), 2);
    disposeModel(model);
  });

  it("KL and CKA are 0 for a block that adds nothing, and not for others", async () => {
    for (const criterion of ["kl", "cka"] as const) {
      const model = resnet({ softmax: true });
      tf.tidy(() => networkOf(model).parameters.forEach(({ path, variable }) => /^s0b1\/norm2\/(gamma|beta)$/.test(path) && variable.assign(tf.zeros(variable.shape))));
      const [first, ...others] = await score(model, { criterion });
      expect(first).toBeCloseTo(0, 5);
      for (const other of others) expect(other).toBeGreaterThan(1e-3);
    }
  });

  it("expectedAbs is the mean absolute activation at the block's output: 2.75 and 4.685 in the hand-worked net, over all samples", async () => {
    const weights = [[[0.5, -1], [1, 0.25]], [[1, 0], [0.5, -0.5]], [[-0.3, 0.8], [0.6, 0.1]], [[0.2, -0.4], [1, 0.3]], [[1], [-1]]];
    const model = mlp();
    tf.tidy(() => model.setWeights(weights.map((values) => tf.tensor2d(values))));
    const blocks = findResidualBlocks(model);
    const one = { xs: tf.tensor2d([[1, 2]]), ys: tf.zeros([1, 1]) };
    // [0, 0] gives 0 everywhere: three samples in two batches, of which one is not zero
    const zeros = { xs: tf.zeros([2, 2]), ys: tf.zeros([2, 1]) };
    const values = async (data: LabelledBatch[]) => [...(await scoreBlocks(model, { criterion: "expectedAbs", blocks, data, maxBatches: 2 })).values()];
    expectClose(await values([one]), [2.75, 4.685], 1e-6, 1e-6); // h1 = [3.5, 2], h2 = [6.53, 2.84]
    expectClose(await values([one, zeros]), [2.75 / 3, 4.685 / 3], 1e-6, 1e-6);
    tf.dispose([one.xs, one.ys, zeros.xs, zeros.ys]);
    disposeModel(model);
  });

  it("expectedAbs sees the activation that belongs to the block", async () => {
    const model = resnet();
    const block = candidateBlocks(findResidualBlocks(model))[0]!;
    expect(block.layers.at(-1)).toBe("s0b1/relu2");
    const part = tf.model({ inputs: model.inputs, outputs: model.getLayer("s0b1/relu2").output });
    const expected = tf.tidy(() => tf.mean(part.predict(batch.xs) as tf.Tensor));
    expectClose([(await scoreBlocks(model, { criterion: "expectedAbs", blocks: [block], data: [batch] })).get(block.id)!], await expected.data(), 1e-6, 1e-5);
    expected.dispose();
    disposeModel(model);
  });

  /** A block whose branch adds nothing: its output is the input, 5 × 4 × 2. */
  function bare(): tf.LayersModel {
    const input = tf.input({ shape: [5, 4, 2] });
    const branch = apply(tf.layers.conv2d({ filters: 2, kernelSize: 1, kernelInitializer: "zeros" }), input);
    return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 3 }), apply(tf.layers.flatten(), apply(tf.layers.add({ name: "add" }), [input, branch]))) });
  }

  it("hrank is the mean rank of the maps at the block's output over their shorter side", async () => {
    // A map of ones (rank 1) and a diagonal (rank 4 of 4), then zeros and a chequer board (rank 2).
    const model = bare();
    const maps = [(row: number, column: number) => [1, Number(row === column)], (row: number, column: number) => [0, (row + column) % 2]];
    const xs = tf.tensor4d(maps.map((map) => Array.from({ length: 5 }, (_, row) => Array.from({ length: 4 }, (__, column) => map(row, column)))));
    const data = [{ xs, ys: tf.zeros([2, 3]) }];
    const scores = await scoreBlocks(model, { criterion: "hrank", blocks: findResidualBlocks(model), data });
    expect(scores.get("add")).toBeCloseTo((1 + 4 + 0 + 2) / 4 / 4, 12);
    tf.dispose([xs, data[0]!.ys]);
    disposeModel(model);
  });

  it("hrank refuses blocks without maps, and what is not finite", async () => {
    const dense = [{ xs: tf.ones([2, 2]), ys: tf.ones([2, 1]) }];
    await expect(score(mlp({ blocks: ["A", "B", "C"] }), { criterion: "hrank", data: dense })).rejects.toThrow(/the output of "addB" has shape \[2\], not height, width and channels/);
    const infinite = [{ xs: tf.fill([2, 5, 4, 2], Infinity), ys: tf.zeros([2, 3]) }];
    const model = bare();
    await expect(score(model, { criterion: "hrank", data: infinite, blocks: findResidualBlocks(model) })).rejects.toThrow(/by the criterion "hrank" is NaN/);
    tf.dispose([dense, infinite].flat().flatMap(({ xs, ys }) => [xs, ys]));
  });

  it("random draws from the seed, by place in the network, and needs no data", async () => {
    const [a, again, other] = [await score(resnet(), { criterion: "random", data: undefined, seed: 1 }), await score(resnet(), { criterion: "random", seed: 1 }), await score(resnet(), { criterion: "random", seed: 2 })];
    expect(again).toEqual(a);
    expect(other).not.toEqual(a);
    expect(new Set(a).size).toBe(a.length);
  });

  it("takes a function of one's own", async () => {
    expect(await score(resnet(), { criterion: (_, candidates, batches) => candidates.map(({ params }) => params + batches.length) })).toEqual([2 * 148 + 32, 2 * 148 + 32, 2 * 584 + 64, 2 * 584 + 64].map((params) => params + 1));
    await expect(score(resnet(), { criterion: () => [1] })).rejects.toThrow(/gave 1 scores for 4 blocks/);
    await expect(score(resnet(), { criterion: (_, candidates) => candidates.map(() => NaN) })).rejects.toThrow(/the score of "s0b1\/add" .* is NaN/);
  });

  it("scores a transformer by GraSP, SNIP, KL", async () => {
    const xs = [1, 2].map((seed) => tf.randomNormal([6, 5, 4], 0, 1, "float32", seed));
    const ys = tf.tensor1d([0, 1, 2, 0, 1, 2]);
    for (const criterion of ["grasp", "snip", "kl"] as const) {
      const scores = await score(transformer(), { criterion, data: [{ xs, ys }] });
      expect(scores).toHaveLength(3);
      expect(scores.every((value) => Number.isFinite(value) && value !== 0)).toBe(true);
    }
    tf.dispose([xs, ys]);
  });

  it("adds the gradients of several batches, from data that can be gone through once", async () => {
    const half = (from: number): LabelledBatch => ({ xs: tf.slice(batch.xs, from, 6), ys: tf.slice(batch.ys, from, 6) });
    function* halves() {
      yield half(0);
      yield half(6);
    }
    const whole = await score(resnet(), { criterion: "snip", bnMode: "eval" });
    const parts = await expectTensorGrowth(0, () => score(resnet(), { criterion: "snip", bnMode: "eval", data: halves(), maxBatches: 2 }));
    expectClose(parts, whole.map((value) => 2 * value), 1e-4 * meanAbsolute(whole), 1e-3);
  });
});

describe("scoreBlocks: what it leaves alone, and what it refuses", () => {
  it.each(["grasp", "snip", "gate", "kl", "cka", "expectedAbs", "hrank"] as const)("%s leaves weights, statistics and memory as they were", async (criterion) => {
    const model = resnet({ softmax: true });
    const read = async () => Promise.all(networkOf(model).parameters.map(async ({ variable }) => Array.from(await variable.data())));
    const before = await read();
    await expectTensorGrowth(0, () => scoreBlocks(model, { criterion, data: [batch], ...(criterion === "grasp" ? { hvp: "exact" as const } : {}) }));
    expect(await read()).toEqual(before);
    disposeModel(model);
  });

  it.each<[string, () => tf.LayersModel, ScoreBlocksOptions, RegExp]>([
    ["no data", resnet, { data: undefined }, /the criterion "grasp" needs `data`/],
    ["an unknown criterion", resnet, { criterion: "l1" as "snip" }, /`criterion` must be one of grasp, snip, .*got l1/],
    ["a temperature of 0", resnet, { temperature: 0 }, /`temperature` must be a positive number, got 0/],
    ["an unknown aggregate", resnet, { aggregate: "max" as "sum" }, /`aggregate` must be "sum" or "mean"/],
    ["an unknown mode", resnet, { bnMode: "test" as "eval" }, /`bnMode` must be/],
    ["an unknown product", resnet, { hvp: "finiteDiff" as "auto" }, /`hvp` must be/],
    ["no batch", resnet, { maxBatches: 0 }, /`maxBatches` must be a positive integer/],
    ["the shortcut without normalization", () => mlp({ blocks: ["A", "B", "C"], width: 3 }), { hvp: "normShortcut", data: [{ xs: tf.ones([2, 3]), ys: tf.ones([2, 1]) }] }, /needs batch normalization in training mode behind every kernel, and "UB\/kernel" has none/],
    ["the shortcut with moving statistics", resnet, { hvp: "normShortcut", bnMode: "eval" }, /and `bnMode` is "eval"/],
    ["class numbers that do not exist", resnet, { data: [{ xs: tf.ones([2, 6, 6, 2]), ys: tf.tensor1d([0, 3]) }] }, /a label is 3, but the network has 3 outputs/],
    ["labels of another shape", resnet, { data: [{ xs: tf.ones([2, 6, 6, 2]), ys: tf.ones([2, 5]) }] }, /labels must be one-hot, of shape \[2,3\], or class numbers, \[2\]; got \[2,5\]/],
    ["too many inputs", () => mlp({ blocks: ["A", "B", "C"] }), { criterion: "expectedAbs", data: [{ xs: [tf.ones([2, 2]), tf.ones([2, 2])], ys: tf.ones([2, 1]) }] }, /the model takes 1 input\(s\), a batch has 2/],
    ["infinite data", () => mlp({ blocks: ["A", "B", "C"] }), { criterion: "snip", data: [{ xs: tf.fill([2, 2], Infinity), ys: tf.ones([2, 1]) }] }, /loss of batch 0 is NaN/],
    ["several outputs without a loss", () => {
      const { inputs, outputs, layers } = resnet();
      return tf.model({ inputs, outputs: [outputs[0]!, layers[3]!.output as tf.SymbolicTensor] });
    }, {}, /needs one output, the model has 2/],
    ["batches without labels", resnet, { data: [tf.ones([1])] as unknown as LabelledBatch[] }, /a batch must be \{ xs, ys \}/],
  ])("refuses %s", async (_, make, options, message) => {
    const model = make();
    tf.engine().startScope();
    await expectTensorGrowth(0, () => expect(scoreBlocks(model, { data: [batch], ...options })).rejects.toThrow(message));
    tf.engine().endScope();
    disposeModel(model);
  });

  it("refuses a batch of one where a normalization would see a single value", async () => {
    const x = tf.input({ shape: [3] });
    const model = tf.model({ inputs: x, outputs: apply(tf.layers.add({ name: "add" }), [x, apply(tf.layers.batchNormalization({ name: "norm" }), apply(tf.layers.dense({ units: 3 }), x))]) });
    const one = { xs: tf.ones([1, 3]), ys: tf.tensor1d([0]) };
    await expect(scoreBlocks(model, { data: [one], blocks: findResidualBlocks(model) })).rejects.toThrow(/a batch of 1 gives the batch normalization "norm" one value a channel/);
    tf.dispose([one.xs, one.ys]);
    disposeModel(model);
  });

  it("says of a gate that a branch ends in something else", async () => {
    const x = tf.input({ shape: [3] });
    const model = tf.model({ inputs: x, outputs: apply(tf.layers.add({ name: "add" }), [x, apply(tf.layers.reLU({ name: "end" }), apply(tf.layers.dense({ units: 3 }), x))]) });
    const data = [{ xs: tf.ones([4, 3]), ys: tf.tensor1d([0, 1, 2, 0]) }];
    await expect(scoreBlocks(model, { data, criterion: "gate", blocks: findResidualBlocks(model) })).rejects.toThrow(/that of "add" ends in "end" \(ReLU\)/);
    tf.dispose(data.map(({ xs, ys }) => [xs, ys]));
    disposeModel(model);
  });

  it.each<[string, (name: string) => tf.layers.Layer]>([
    ["a dilated convolution", (name) => tf.layers.conv2d({ name, filters: 2, kernelSize: 3, padding: "same", dilationRate: 2 })],
    ["batch normalization without scale", (name) => tf.layers.batchNormalization({ name, scale: false })],
  ])("scores %s, which tfjs alone cannot differentiate", async (_, make) => {
    const x = tf.input({ shape: [6, 6, 2] });
    const y = apply(make("culprit"), apply(tf.layers.conv2d({ name: "conv", filters: 2, kernelSize: 3, padding: "same" }), x));
    const model = tf.model({ inputs: x, outputs: apply(tf.layers.dense({ name: "head", units: 3 }), apply(tf.layers.flatten(), apply(tf.layers.add({ name: "add" }), [x, y]))) });
    const blocks = findResidualBlocks(model);
    for (const hvp of ["auto", "exact"] as const) expect((await scoreBlocks(model, { data: [batch], blocks, hvp })).get("add")).not.toBe(0);
    disposeModel(model);
  });
});

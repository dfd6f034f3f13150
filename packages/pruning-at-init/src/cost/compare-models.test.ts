import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { layerLottery, magnitude, preCrop } from "../index.js";
import { compareModels } from "./compare-models.js";
import { measureSteps } from "./measure-steps.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

/** Two residual blocks of dense layers, normalized, on 6 numbers. */
function residual(units = 8): tf.LayersModel {
  let seed = 1;
  const dense = (name: string, x: tf.SymbolicTensor) => tf.layers.batchNormalization({ name: `${name}/norm` }).apply(tf.layers.dense({ name, units, useBias: false, kernelInitializer: tf.initializers.heNormal({ seed: seed++ }) }).apply(x)) as tf.SymbolicTensor;
  const relu = (x: tf.SymbolicTensor) => tf.layers.reLU().apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [6] });
  let x = relu(dense("stem", input));
  for (const block of ["a", "b", "c"]) x = relu(tf.layers.add({ name: block }).apply([x, dense(`${block}2`, relu(dense(`${block}1`, x)))]) as tf.SymbolicTensor);
  return tf.model({ name: "residual", inputs: input, outputs: tf.layers.dense({ name: "head", units: 3, useBias: false, kernelInitializer: tf.initializers.heNormal({ seed }) }).apply(x) as tf.SymbolicTensor });
}

const weightsOf = async (model: tf.LayersModel) => (await Promise.all(model.getWeights().map((weight) => weight.data()))).map((values) => [...values]);

describe("compareModels", () => {
  it("has the parameters, multiply-adds and densities of every layer, before and after cropping", async () => {
    const model = residual();
    const { result: small } = await initialize(model, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
    const { facts, tables, plots, notes } = await compareModels(model, small, { measure: false });
    const params = (one: tf.LayersModel) => one.countParams();
    const kernels = (one: tf.LayersModel) => one.layers.flatMap(({ name, weights }) => weights.filter(({ shape }) => shape.length === 2).map(({ shape }) => [name, shape[0]! * shape[1]!] as const));
    expect(facts).toEqual({ "parameters before": params(model), "parameters after": params(small), "multiply-adds before": 48 + 6 * 64 + 24, "multiply-adds after": kernels(small).reduce((sum, [, size]) => sum + size, 0) });
    const rows = new Map(tables[0]!.rows.map((row) => [row[0], row]));
    for (const [i, [name, size]] of kernels(model).entries()) expect(rows.get(name)).toEqual([name, size, kernels(small)[i]![1], size, kernels(small)[i]![1], 1, 1]);
    expect(rows.get("stem/norm")).toEqual(["stem/norm", 32, 4 * kernels(small)[0]![1] / 6, 0, 0, null, null]);
    expect(plots.map(({ series }) => series.map(({ x }) => x.length))).toEqual([[8, 8], [15, 15]]);
    expect(notes).toEqual([]);
    for (const one of [model, small]) disposeModel(one);
  });

  it("names what is no longer there, and shows masks as densities", async () => {
    const model = residual();
    const { result: ticket } = await initialize(model, layerLottery({ remove: 1, criterion: "random" }), { seed: 1 });
    const before = await compareModels(model, ticket, { measure: false });
    expect(before.notes).toEqual([expect.stringMatching(/^No longer there: "([bc])1", "\1\/?/)]);
    expect(before.tables[0]!.rows.filter((row) => row[2] === null)).toHaveLength(4);
    disposeModel(ticket);

    const whole = residual();
    const { result: pruned } = await initialize(model, magnitude({ density: 0.25 }));
    const rows = (await compareModels(whole, model, { measure: false })).tables[0]!.rows.filter((row) => row[5] !== null);
    const kept = rows.reduce((sum, row) => sum + (row[1] as number) * (row[6] as number), 0);
    expect([rows.every((row) => row[5] === 1), kept]).toEqual([true, Math.round(0.25 * (48 + 6 * 64 + 24))]);
    pruned.dispose();
    for (const one of [model, whole]) disposeModel(one);
  });

  it("says how much faster inference and a training step are, and leaves the models as they were", async () => {
    const [large, small] = [residual(64), residual(8)];
    const before = await Promise.all([large, small].map(weightsOf));
    const report = await expectTensorGrowth(0, () => compareModels(large, small, { batch: 8, repeats: 3 }));
    const { facts, notes } = report;
    for (const kind of ["inference", "training step"]) {
      const [slow, fast, ratio] = [facts[`${kind} before (ms)`], facts[`${kind} after (ms)`], facts[`${kind}, times as fast`]] as number[];
      expect(Math.min(slow!, fast!)).toBeGreaterThan(0);
      expect(ratio! / (slow! / fast!)).toBeCloseTo(1, 1);
    }
    expect(notes.at(-1)).toContain("saves no time");
    expect(await Promise.all([large, small].map(weightsOf))).toEqual(before); // moving statistics, too
    for (const one of [large, small]) disposeModel(one);
  });
});

describe("measureSteps", () => {
  it("runs embeddings, open sizes, several inputs and frozen layers", async () => {
    const ids = tf.input({ shape: [null] });
    const other = tf.input({ shape: [4] });
    const embedded = tf.layers.globalAveragePooling1d().apply(tf.layers.embedding({ inputDim: 9, outputDim: 4 }).apply(ids)) as tf.SymbolicTensor;
    const frozen = tf.layers.dense({ units: 4, trainable: false }).apply(other) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [ids, other], outputs: [tf.layers.add().apply([embedded, frozen]) as tf.SymbolicTensor, frozen] });
    const [times] = await expectTensorGrowth(0, () => measureSteps([model], { batch: 2, repeats: 1, inputShape: [[5], [4]] }));
    expect(times!.inference).toBeGreaterThan(0);
    expect(times!.trainingStep).toBeGreaterThan(0);
    await expect(measureSteps([model])).rejects.toThrow('measureSteps: input 0 has the open shape [any]. Give `inputShape`, without the batch');
    disposeModel(model);
  });

  it("says what is wrong with its options, and leaves nothing behind", async () => {
    const model = residual();
    await expectTensorGrowth(0, async () => {
      await expect(measureSteps([model], { batch: 0 })).rejects.toThrow("measureSteps: `batch` must be a positive integer, got 0.");
      await expect(measureSteps([model], { repeats: 1.5 })).rejects.toThrow("`repeats` must be a positive integer, got 1.5.");
    });
    disposeModel(model);
  });
});

import * as tf from "@tensorflow/tfjs";
import { disposeModel, networkOf } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { countMacs } from "../cost/count-macs.js";
import { findResidualBlocks } from "./find-residual-blocks.js";
import { apply, images, mlp, resnet, transformer } from "./models.fixture.js";
import { removeBlocks } from "./remove-blocks.js";
import { snapshot } from "./snapshot.js";

async function predict(model: tf.LayersModel, xs: tf.Tensor | tf.Tensor[]): Promise<number[]> {
  const output = model.predict(xs) as tf.Tensor;
  const values = Array.from(await output.data());
  output.dispose();
  return values;
}

const weights = async (model: tf.LayersModel) => Object.fromEntries(await Promise.all(networkOf(model).parameters.map(async ({ path, variable }) => [path, Array.from(await variable.data())] as const)));

/** Sets parameters to zero. */
function zero(model: tf.LayersModel, paths: readonly string[]): void {
  const found = networkOf(model).parameters.filter(({ path }) => paths.includes(path));
  expect(found).toHaveLength(paths.length);
  for (const { variable, shape } of found) tf.tidy(() => variable.assign(tf.zeros([...shape])));
}

describe("removeBlocks", () => {
  it("leaves the output as it is when the block added nothing: gamma and beta of its last normalization 0", async () => {
    const model = resnet();
    const { xs, ys } = images();
    zero(model, ["s0b1", "s1b2"].flatMap((block) => [`${block}/norm2/gamma`, `${block}/norm2/beta`]));
    const smaller = removeBlocks(model, ["s0b1/add", "s1b2/add"]);
    expectClose(await predict(smaller, xs), await predict(model, xs), 1e-6, 0);
    const other = removeBlocks(model, ["s0b2/add"]);
    expect(await predict(other, xs)).not.toEqual(await predict(model, xs));
    for (const one of [model, smaller, other]) disposeModel(one);
    tf.dispose([xs, ys]);
  });

  it("does so without normalization and with attention, too", async () => {
    const x = tf.randomNormal([4, 2], 0, 1, "float32", 3);
    const dense = mlp();
    zero(dense, ["VA/kernel"]);
    const one = removeBlocks(dense, ["addA"]);
    expectClose(await predict(one, x), await predict(dense, x), 1e-6, 0);
    const vit = transformer();
    zero(vit, ["layer0/out/kernel", "layer0/out/bias", "layer1/down/kernel", "layer1/down/bias"]);
    const two = removeBlocks(vit, ["layer0/attention/add", "layer1/mlp/add"]);
    const tokens = [1, 2].map((seed) => tf.randomNormal([3, 5, 4], 0, 1, "float32", seed));
    expectClose(await predict(two, tokens), await predict(vit, tokens), 1e-6, 0);
    for (const model of [dense, one, vit, two]) disposeModel(model);
    tf.dispose([x, tokens]);
  });

  it("keeps weights bit by bit, names, order and shapes, and saves exactly what the block said", async () => {
    const model = resnet({ stages: [4, 4] });
    const before = await weights(model);
    const blocks = findResidualBlocks(model);
    for (const ids of [["s0b1/add"], ["s1b2/add", "s1b3/add"], ["s1b1/add", "s0b3/add", "s0b2/add"], []]) {
      const smaller = removeBlocks(model, ids);
      const gone = blocks.filter(({ id }) => ids.includes(id));
      const layers = gone.flatMap((block) => block.layers);
      expect(layers).toHaveLength(7 * ids.length);
      expect(smaller.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name).filter((name) => !layers.includes(name)));
      const after = await weights(smaller);
      for (const [path, values] of Object.entries(after)) expect(values).toEqual(before[path]);
      expect(smaller.countParams()).toBe(model.countParams() - gone.reduce((sum, { params }) => sum + params, 0));
      expect(countMacs(smaller).total).toBe(countMacs(model).total - gone.reduce((sum, { macs }) => sum + macs!, 0));
      expect([smaller.inputs[0]!.shape, smaller.outputs[0]!.shape]).toEqual([model.inputs[0]!.shape, model.outputs[0]!.shape]);
      disposeModel(smaller);
    }
    expect(await weights(model)).toEqual(before);
    disposeModel(model);
  });

  it("takes blocks out of nested models, and nested models that are blocks", async () => {
    const block = (name: string) => {
      const x = tf.input({ shape: [3], name: `${name}_x` });
      return tf.model({ name, inputs: x, outputs: apply(tf.layers.add({ name: "add" }), [x, apply(tf.layers.dense({ name: "fc", units: 3 }), x)]) });
    };
    const model = tf.sequential({ layers: [tf.layers.dense({ name: "first", units: 3, inputShape: [3] }), block("one") as unknown as tf.layers.Layer, block("two") as unknown as tf.layers.Layer, tf.layers.dense({ name: "last", units: 2 })] });
    zero(model, ["one/fc/kernel", "one/fc/bias"]);
    const smaller = removeBlocks(model, ["one/add"]);
    expect(smaller.layers.map(({ name }) => name)).toEqual(["first", "two", "last"]);
    const x = tf.randomNormal([4, 3], 0, 1, "float32", 1);
    expectClose(await predict(smaller, x), await predict(model, x), 1e-6, 0);
    x.dispose();
    disposeModel(model);
    disposeModel(smaller);
  });

  it("gives a model that trains alone, and goes through save and load", async () => {
    const model = resnet({ softmax: true, stages: [3] });
    const smaller = removeBlocks(model, ["s0b1/add"]);
    const before = await weights(model);
    for (const { variable } of networkOf(smaller).parameters) tf.tidy(() => variable.assign(tf.add(variable, 0.1)));
    expect(await weights(model)).toEqual(before);
    let saved: tf.io.ModelArtifacts | undefined;
    await smaller.save(tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    const { xs, ys } = images();
    expect(await predict(loaded, xs)).toEqual(await predict(smaller, xs));
    for (const one of [model, smaller, loaded]) disposeModel(one);
    tf.dispose([xs, ys]);
  });

  it("draws the weights that stay anew when asked, the same for the same seed", async () => {
    const model = resnet();
    const draw = (seed: number) => removeBlocks(model, ["s0b1/add"], { weights: "reinit", seed });
    const models = [draw(1), draw(1), draw(2)];
    const [a, again, other] = (await Promise.all(models.map(weights))) as [Record<string, number[]>, Record<string, number[]>, Record<string, number[]>];
    expect(again).toEqual(a);
    const before = await weights(model);
    for (const path of Object.keys(a).filter((name) => name.endsWith("kernel"))) {
      expect(a[path]).not.toEqual(other[path]);
      expect(a[path], path).not.toEqual(before[path]);
    }
    for (const one of [model, ...models]) disposeModel(one);
  });

  it("names what it cannot remove, and leaks nothing, nor on success", async () => {
    const model = resnet();
    await expectTensorGrowth(0, () => {
      expect(() => removeBlocks(model, ["s0b9/add"])).toThrow(/no block "s0b9\/add". A block is named by its Add layer: s0b0\/add, s0b1\/add/);
      expect(() => removeBlocks(model, ["s1b0/add"])).toThrow(/"s1b0\/add" cannot be removed: its shortcut is not the identity/);
      disposeModel(removeBlocks(model, ["s0b1/add"]));
      disposeModel(removeBlocks(model, ["s0b1/add"], { weights: "reinit" }));
    });
    disposeModel(model);
  });
});

describe("snapshot", () => {
  it("brings the weights of before training back into a model with fewer blocks", async () => {
    const model = resnet();
    const before = await weights(model);
    const start = snapshot(model);
    for (const { variable } of networkOf(model).parameters) tf.tidy(() => variable.assign(tf.add(variable, 1)));
    const smaller = removeBlocks(model, ["s0b1/add"]);
    start.restore(smaller);
    for (const [path, values] of Object.entries(await weights(smaller))) expect(values).toEqual(before[path]);
    start.restore(model);
    expect(await weights(model)).toEqual(before);
    start.dispose();
    start.dispose();
    disposeModel(model);
    disposeModel(smaller);
  });

  it("refuses another model before it writes, and owns its tensors", async () => {
    const [model, wider, deeper] = [mlp(), mlp({ width: 3 }), mlp({ blocks: ["A", "B", "C"] })];
    const before = await weights(deeper);
    await expectTensorGrowth(0, () => {
      const start = snapshot(model);
      expect(() => start.restore(wider)).toThrow(/"UA\/kernel" was kept with shape \[2,2\], the model has \[3,3\]/);
      expect(() => start.restore(deeper)).toThrow(/no weight "UC\/kernel" was kept/);
      start.dispose();
    });
    expect(await weights(deeper)).toEqual(before);
    for (const one of [model, wider, deeper]) disposeModel(one);
  });
});

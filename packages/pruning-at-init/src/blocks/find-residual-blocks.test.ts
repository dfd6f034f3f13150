import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { findResidualBlocks, type FindResidualBlocksOptions } from "./find-residual-blocks.js";
import { apply, resnet, transformer } from "./models.fixture.js";

const dense = (name: string, units = 4) => tf.layers.dense({ name, units });
const relu = (name: string) => tf.layers.activation({ name, activation: "relu" });

/** Blocks of a model that is then freed. */
function blocksOf(model: tf.LayersModel, options: FindResidualBlocksOptions = {}) {
  const blocks = findResidualBlocks(model, options);
  disposeModel(model);
  return Object.fromEntries(blocks.map((block) => [block.id, block]));
}

/** A model around `build`, which gets x after a first dense layer. */
function around(build: (x: tf.SymbolicTensor) => tf.SymbolicTensor | tf.SymbolicTensor[], width = 4): tf.LayersModel {
  const input = tf.input({ name: "input", shape: [width] });
  return tf.model({ inputs: input, outputs: build(apply(dense("first", width), input)) });
}

describe("findResidualBlocks", () => {
  it("takes ResNet's activation with the block, and keeps blocks with a projection", () => {
    const blocks = blocksOf(resnet({ stages: [2, 2] }));
    expect(Object.values(blocks).map(({ id, stage, removable }) => [id, stage, removable])).toEqual([["s0b0/add", 0, true], ["s0b1/add", 0, true], ["s1b0/add", 1, false], ["s1b1/add", 1, true]]);
    expect(blocks["s0b1/add"]).toMatchObject({ layers: ["conv1", "norm1", "relu1", "conv2", "norm2", "add", "relu2"].map((name) => `s0b1/${name}`), kernels: ["s0b1/conv1/kernel", "s0b1/conv2/kernel"], params: 2 * (9 * 16 + 4) + 2 * 16, macs: 2 * 36 * 9 * 16, shortcut: 0 });
    expect(blocks["s1b0/add"]!.reason).toBe('its shortcut is not the identity: it goes through "s1b0/shortcut"');
  });

  it("ends a block with its Add where nothing else is to be undone: pre-activation", () => {
    const model = around((x) => {
      const one = apply(tf.layers.add({ name: "one" }), [apply(dense("a"), apply(relu("ra"), x)), x]);
      return apply(relu("last"), apply(tf.layers.add({ name: "two" }), [one, apply(dense("b"), apply(relu("rb"), one))]));
    });
    const blocks = blocksOf(model);
    expect(blocks.one).toMatchObject({ layers: ["ra", "a", "one"], shortcut: 1, removable: true });
    expect(blocks.two).toMatchObject({ layers: ["rb", "b", "two"], shortcut: 0, removable: true });
  });

  it("finds attention and feed-forward blocks, and leaves the sum of tokens and positions out of the stages", () => {
    const blocks = blocksOf(transformer({ depth: 1 }));
    expect(blocks["embed/add"]).toMatchObject({ stage: null, removable: false, reason: "its two inputs have no common origin" });
    expect(blocks["layer0/attention/add"]).toMatchObject({ stage: 0, removable: true });
    expect(blocks["layer0/attention/add"]!.layers.toSorted()).toEqual(["attention", "attention/add", "k", "norm1", "out", "q", "v"].map((name) => `layer0/${name}`));
    expect(blocks["layer0/attention/add"]!.kernels).toHaveLength(4);
    expect(blocks["layer0/mlp/add"]).toMatchObject({ stage: 0, removable: true, layers: ["norm2", "up", "relu", "down", "mlp/add"].map((name) => `layer0/${name}`), params: 8 + 40 + 36, macs: 5 * 64 });
  });

  it("looks into nested models: blocks that are models, branches that are models", () => {
    const inside = (name: string, withAdd: boolean) => {
      const x = tf.input({ shape: [4], name: `${name}_x` });
      const y = apply(dense("fc"), x);
      return tf.model({ name, inputs: x, outputs: withAdd ? apply(tf.layers.add({ name: "add" }), [x, y]) : y });
    };
    const blocks = blocksOf(around((x) => {
      const one = apply(inside("whole", true), x);
      return apply(tf.layers.add({ name: "outer" }), [one, apply(inside("branch", false), one)]);
    }));
    expect(blocks["whole/add"]).toMatchObject({ removable: true, layers: ["whole/fc", "whole/add"] });
    expect(blocks.outer).toMatchObject({ removable: true, layers: ["branch/fc", "outer"] });
  });

  it("offers the outermost of nested blocks, or the innermost when asked", () => {
    const nested = () => around((x) => {
      const before = apply(dense("before"), x);
      return apply(tf.layers.add({ name: "outer" }), [x, apply(tf.layers.add({ name: "inner" }), [before, apply(dense("fc"), before)])]);
    });
    const outermost = blocksOf(nested());
    expect(outermost.outer).toMatchObject({ removable: true, layers: ["before", "fc", "inner", "outer"] });
    expect(outermost.inner).toMatchObject({ removable: false, reason: expect.stringContaining('in the branch of "outer"') as string });
    const innermost = blocksOf(nested(), { nested: "innermost" });
    expect(innermost.inner).toMatchObject({ removable: true, layers: ["fc", "inner"] });
    expect(innermost.outer).toMatchObject({ removable: false, reason: expect.stringContaining('"inner" lies in its branch') as string });
  });

  const add = (inputs: tf.SymbolicTensor[]) => apply(tf.layers.add({ name: "add" }), inputs);
  it.each<[string, (x: tf.SymbolicTensor) => tf.SymbolicTensor | tf.SymbolicTensor[], string]>([
    ["an output of the model in the branch", (x) => {
      const y = apply(dense("fc"), x);
      return [y, add([x, y])];
    }, '"fc" in its branch is an output of the model'],
    ["a branch that others read", (x) => {
      const y = apply(dense("fc"), x);
      return apply(tf.layers.concatenate({ name: "both" }), [y, add([x, y])]);
    }, '"fc" in its branch is also read by "both"'],
    ["a branch that reads from outside", (x) => {
      const side = apply(dense("side"), x);
      const t = apply(relu("t"), side);
      return add([t, apply(tf.layers.multiply({ name: "gate" }), [apply(dense("fc"), t), side])]);
    }, '"gate" in its branch also reads from outside the branch'],
    ["a layer that is applied elsewhere, too", (x) => {
      const shared = dense("shared");
      return add([x, apply(shared, apply(shared, x))]);
    }, '"shared" in its branch is applied 2 times'],
    ["three tensors", (x) => add([x, apply(dense("a"), x), apply(dense("b"), x)]), "it adds 3 tensors, not two"],
    ["a tensor twice", (x) => add([x, x]), "it adds a tensor to itself"],
    ["an Add that is applied twice", (x) => {
      const layer = tf.layers.add({ name: "add" });
      const y = apply(layer, [x, apply(dense("a"), x)]);
      return apply(layer, [y, apply(dense("b"), y)]);
    }, "its Add layer is applied 2 times"],
    ["another shape", (x) => {
      const one = apply(dense("one", 1), x);
      return add([one, apply(dense("four"), one)]);
    }, "the shapes of its shortcut, [1], and of the sum, [4], differ"],
  ])("says what is in the way: %s", (_, build, reason) => {
    expect(blocksOf(around(build)).add).toMatchObject({ removable: false, reason, layers: [] });
  });

  it("does without multiply-adds where a size is open, unless it is given", () => {
    const open = () => {
      const input = tf.input({ shape: [null, null, 2] });
      const conv = tf.layers.conv2d({ name: "conv", filters: 2, kernelSize: 1 });
      return tf.model({ inputs: input, outputs: apply(tf.layers.add({ name: "add" }), [input, apply(conv, input)]) });
    };
    expect(blocksOf(open()).add!.macs).toBeNull();
    expect(blocksOf(open(), { inputShape: [3, 5, 2] }).add!.macs).toBe(60);
  });

  it("makes no tensor", async () => {
    const model = resnet();
    await expectTensorGrowth(0, () => void findResidualBlocks(model));
    disposeModel(model);
  });
});

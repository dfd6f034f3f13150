import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { disposeModel } from "./dispose-model.js";
import { networkOf } from "./network-of.js";
import { rewriteModel } from "./rewrite-model.js";

const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;
const dense = (name: string, units = 3) => tf.layers.dense({ name, units, activation: "tanh" });

/** x → first → branch → add(first, branch) → last. */
function residual(): tf.LayersModel {
  const x = tf.input({ shape: [4], name: "x" });
  const first = apply(dense("first"), x);
  const add = apply(tf.layers.add({ name: "add" }), [first, apply(dense("branch"), first)]);
  return tf.model({ inputs: x, outputs: [apply(dense("last", 2), add)] });
}

/** The same with the block as a model of its own, in a Sequential or a functional model. */
function nested(sequential: boolean): tf.LayersModel {
  const inner = (name: string) => {
    const x = tf.input({ shape: [3], name: `${name}_x` });
    return tf.model({ name, inputs: x, outputs: apply(tf.layers.add({ name: "add" }), [x, apply(dense("branch"), x)]) });
  };
  if (sequential) return tf.sequential({ layers: [inner("one"), inner("two"), dense("last", 2)] });
  const x = tf.input({ shape: [3], name: "x" });
  return tf.model({ inputs: x, outputs: apply(dense("last", 2), apply(inner("two"), apply(inner("one"), x))) });
}

const paths = (model: tf.LayersModel) => networkOf(model).parameters.map(({ path }) => path);
const output = async (model: tf.LayersModel, x: tf.Tensor) => Array.from(await (model.apply(x) as tf.Tensor).data());

async function expectFreed(model: tf.LayersModel, use: (model: tf.LayersModel) => void | Promise<void>): Promise<void> {
  await expectTensorGrowth(0, async () => {
    tf.engine().startScope();
    await use(model);
    tf.engine().endScope();
  });
  disposeModel(model);
}

describe("rewriteModel with bypass", () => {
  it("gives a layer's input to those who read its output", async () => {
    await expectFreed(residual(), async (model) => {
      const smaller = rewriteModel(model, { bypass: { branch: 0, add: 0 } });
      expect(paths(smaller)).toEqual(["first/kernel", "first/bias", "last/kernel", "last/bias"]);
      const x = tf.randomNormal([5, 4], 0, 1, "float32", 1);
      const by = (name: string, y: tf.Tensor) => model.getLayer(name).apply(y) as tf.Tensor;
      expect(await output(smaller, x)).toEqual(Array.from(await by("last", by("first", x)).data()));
      disposeModel(smaller);
    });
  });

  it("leaves what stays at the other input of an Add", async () => {
    await expectFreed(residual(), (model) => {
      const chain = rewriteModel(model, { bypass: { add: 1 } });
      expect(chain.layers.map(({ name }) => name)).toEqual(["x", "first", "branch", "last"]);
      disposeModel(chain);
    });
  });

  it.each([true, false])("takes a nested model out when nothing is left of it (in a Sequential: %s)", async (sequential) => {
    await expectFreed(nested(sequential), async (model) => {
      const last = (y: tf.Tensor) => model.getLayer("last").apply(y) as tf.Tensor;
      const both = rewriteModel(model, { bypass: { "one/add": 0, "one/branch": 0, "two/add": 0, "two/branch": 0 } });
      expect(paths(both)).toEqual(["last/kernel", "last/bias"]);
      const x = tf.randomNormal([5, 3], 0, 1, "float32", 1);
      expect(await output(both, x)).toEqual(Array.from(await last(x).data()));
      const second = rewriteModel(model, { bypass: { "one/add": 0, "one/branch": 0 } });
      expect(await output(second, x)).toEqual(Array.from(await last((model.getLayer("two") as unknown as tf.LayersModel).apply(x) as tf.Tensor).data()));
      disposeModel(both);
      disposeModel(second);
    });
  });

  it("keeps a nested model of which an output becomes its input", async () => {
    const x = tf.input({ shape: [3], name: "inner_x" });
    const inner = tf.model({ name: "inner", inputs: x, outputs: [apply(dense("side"), x), apply(dense("main"), x)] });
    const outside = tf.input({ shape: [3], name: "x" });
    const model = tf.model({ inputs: outside, outputs: apply(tf.layers.concatenate({ name: "both" }), inner.apply(outside) as tf.SymbolicTensor[]) });
    await expectFreed(model, async () => {
      const smaller = rewriteModel(model, { bypass: { "inner/main": 0 } });
      const values = tf.randomNormal([2, 3], 0, 1, "float32", 1);
      expect(paths(smaller)).toEqual(["inner/side/kernel", "inner/side/bias"]);
      const side = inner.getLayer("side").apply(values) as tf.Tensor;
      expect(await output(smaller, values)).toEqual(Array.from(await tf.concat([side, values], 1).data()));
      disposeModel(smaller);
    });
  });

  it("takes the first layer of a Sequential out, whose place has the shape of the input", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 3, inputShape: [3] }), dense("b"), dense("c", 2)] });
    await expectFreed(model, (all) => {
      const smaller = rewriteModel(all, { bypass: { a: 0 } });
      expect(smaller.inputs[0]!.shape).toEqual([null, 3]);
      expect(paths(smaller)).toEqual(["b/kernel", "b/bias", "c/kernel", "c/bias"]);
      disposeModel(smaller);
    });
  });

  it.each<[string, Record<string, number>, RegExp]>([
    ["a path that is not there", { nowhere: 0 }, /no layer "nowhere" to bypass/],
    ["an input that the layer does not have", { branch: 1 }, /"branch" has 1 input\(s\); number 1/],
    ["the model's own input", { x: 0 }, /"x" has 0 input/],
    ["a layer that nothing would read", { add: 0 }, /nothing reads "branch"/],
    ["another shape", { first: 0 }, /cannot be built/],
    ["everything", { first: 0, branch: 0, add: 0, last: 0 }, /nothing would be left/],
  ])("refuses %s, and leaks nothing", async (_, bypass, message) => {
    await expectFreed(residual(), (model) => {
      expect(() => rewriteModel(model, { bypass })).toThrow(message);
    });
  });

  it("refuses a configuration that names a layer which is not in it, on which tfjs would go round for ever", () => {
    const model = residual();
    const getConfig = model.getConfig.bind(model);
    model.getConfig = () => JSON.parse(JSON.stringify(getConfig()).replaceAll('["first",0', '["gone",0')) as ReturnType<typeof getConfig>;
    expect(() => rewriteModel(model, { bypass: { branch: 0, add: 0 } })).toThrow(/a layer "gone" that its model does not have/);
    disposeModel(model);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { disposeModel } from "./dispose-model.js";
import { networkOf } from "./network-of.js";
import { drawWeights, rewriteModel } from "./rewrite-model.js";

const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;

function shared(): tf.LayersModel {
  const [a, b] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const fc = tf.layers.dense({ units: 3, name: "shared", activation: "tanh" });
  const inner = tf.sequential({ name: "inner", layers: [tf.layers.dense({ units: 3, inputShape: [3], name: "fc" })] });
  return tf.model({ inputs: [a, b], outputs: apply(inner, apply(tf.layers.add(), [apply(fc, a), apply(fc, b)])) });
}

const models: Record<string, () => tf.LayersModel> = {
  sequential: () => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: "relu" }), tf.layers.dense({ units: 2 })] }),
  "shared and nested": shared,
  "bidirectional and time distributed": () =>
    tf.sequential({ layers: [tf.layers.embedding({ inputDim: 7, outputDim: 4, inputLength: 5 }), tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 3, returnSequences: true }), mergeMode: "concat" }), tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) })] }),
};

/** Configurations that tfjs 4.22 writes so that it cannot read them back. */
const unreadable = () =>
  tf.sequential({ layers: [
    tf.layers.separableConv2d({ name: "separable", filters: 4, kernelSize: 3, depthMultiplier: 2, inputShape: [6, 6, 3] }),
    tf.layers.depthwiseConv2d({ name: "depthwise", kernelSize: 2, depthMultiplier: 2, depthwiseRegularizer: tf.regularizers.l2({ l2: 0.1 }) as never }),
    tf.layers.flatten(),
    tf.layers.dense({ name: "dense", units: 2 }),
  ] });

const random = (model: tf.LayersModel) => model.inputs.map(({ shape }, i) => (shape.length === 2 && shape[1] === 5 ? tf.tensor2d([[1, 2, 3, 4, 5]]) : tf.randomNormal(shape.map((size) => size ?? 2), 0, 1, "float32", i)));
const output = async (model: tf.LayersModel, inputs: tf.Tensor[]) => Array.from(await (model.apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.Tensor).data());

describe.each(Object.entries(models))("rewriteModel: %s", (_, make) => {
  it("with nothing to edit gives the same function and shares every buffer", async () => {
    const model = make();
    const buffers = tf.memory().numDataBuffers;
    const copy = rewriteModel(model, { edit: () => undefined });
    expect(tf.memory().numDataBuffers).toBe(buffers);
    const inputs = random(model);
    expect(await output(copy, inputs)).toEqual(await output(model, inputs));
  });

  it("gives the same parameter paths", () => {
    const model = make();
    const copy = rewriteModel(model, { edit: () => undefined });
    expect(networkOf(copy).parameters.map(({ path }) => path)).toEqual(networkOf(model).parameters.map(({ path }) => path));
  });

  it("lets one train without moving the other", async () => {
    const model = make();
    const copy = rewriteModel(model, { edit: () => undefined });
    const inputs = random(model);
    const before = await output(model, inputs);
    for (const { variable } of networkOf(copy).parameters) variable.assign(tf.add(variable, 0.5));
    expect(await output(model, inputs)).toEqual(before);
    expect(await output(copy, inputs)).not.toEqual(before);
  });

  it("is freed wholly by disposeModel", async () => {
    const model = make();
    await expectTensorGrowth(0, () => disposeModel(rewriteModel(model, { edit: () => undefined })));
    disposeModel(model);
  });
});

describe("rewriteModel", () => {
  it("changes a layer by its path, with values for its new weights", async () => {
    const model = shared();
    const kernel = tf.ones([3, 5]);
    const wider = rewriteModel(model, {
      edit: (path, layer) => (path === "inner/fc" ? { ...layer, config: { ...layer.config, units: 5 } } : undefined),
      values: { "inner/fc/kernel": kernel, "inner/fc/bias": tf.zeros([5]) },
    });
    expect(wider.outputs[0]!.shape).toEqual([null, 5]);
    expect(model.outputs[0]!.shape).toEqual([null, 3]);
    const row = (await output(wider, random(model))).slice(0, 5);
    expect(new Set(row).size).toBe(1); // equal columns give equal outputs
  });

  it("names the weight that has no value, and leaks nothing", async () => {
    const model = shared();
    const before = tensorCount();
    expect(() => rewriteModel(model, { edit: (path, layer) => (path === "inner/fc" ? { ...layer, config: { ...layer.config, units: 5 } } : undefined) })).toThrow(/"inner\/fc\/kernel" has shape/);
    expect(tensorCount()).toBe(before);
  });

  it("refuses a nested model that two nested models use, since it would be untied", () => {
    const inner = tf.sequential({ name: "inner", layers: [tf.layers.dense({ units: 3, inputShape: [3] })] });
    const block = (name: string) => {
      const x = tf.input({ shape: [3] });
      return tf.model({ inputs: x, outputs: apply(inner, x), name });
    };
    const x = tf.input({ shape: [3] });
    const model = tf.model({ inputs: x, outputs: apply(block("b"), apply(block("a"), x)) });
    expect(() => rewriteModel(model, { edit: () => undefined })).toThrow(/"inner" is used inside both "a" and "b"/);
  });

  it("explains an unregistered custom layer", () => {
    class Twice extends tf.layers.Layer {
      static className = "TwiceUnregistered";
      override call(x: tf.Tensor | tf.Tensor[]) {
        return tf.mul([x].flat()[0]!, 2);
      }
    }
    const x = tf.input({ shape: [3] });
    const model = tf.model({ inputs: x, outputs: apply(new Twice({}), x) });
    expect(() => rewriteModel(model, { edit: () => undefined })).toThrow(/Register custom layers/);
  });
});

describe("disposeModel", () => {
  it("frees the weights of a layer that is used twice, which model.dispose() does not", () => {
    const before = tensorCount();
    disposeModel(shared());
    expect(tensorCount()).toBe(before);
  });
});

describe("rewriteModel and drawWeights: what tfjs writes wrongly into configurations", () => {
  it("keep the outputs a channel of a separable convolution, and the regularizer of a depthwise one", async () => {
    const model = unreadable();
    const copy = await expectTensorGrowth(model.weights.length, () => rewriteModel(model, {}));
    const inputs = random(model);
    expect(await output(copy, inputs)).toEqual(await output(model, inputs));
    const drawn = await expectTensorGrowth(model.weights.length, () => drawWeights(model, { edit: () => undefined, seed: 1 }));
    expect(Object.fromEntries(Object.entries(drawn).map(([path, { shape }]) => [path, shape]))).toEqual(Object.fromEntries(networkOf(model).parameters.map(({ path, shape }) => [path, shape])));
    tf.dispose([drawn, inputs]);
    for (const each of [model, copy]) disposeModel(each);
  });

  it("keep the constraint of a depthwise convolution, in whose place tfjs writes its regularizer", () => {
    for (const regularized of [false, true]) {
      const model = tf.sequential({ layers: [tf.layers.depthwiseConv2d({ kernelSize: 2, inputShape: [4, 4, 3], depthwiseConstraint: tf.constraints.maxNorm({ maxValue: 0.5, axis: 1 }) as never, ...(regularized ? { depthwiseRegularizer: tf.regularizers.l2({ l2: 0.1 }) as never } : {}) })] });
      const copy = rewriteModel(model, {});
      const { depthwiseConstraint } = copy.layers[0] as unknown as { depthwiseConstraint: { getClassName(): string; getConfig(): object } };
      expect([depthwiseConstraint.getClassName(), depthwiseConstraint.getConfig()]).toEqual(["MaxNorm", { maxValue: 0.5, axis: 1 }]);
      for (const each of [model, copy]) disposeModel(each);
    }
  });

  it("hand `edit` what can be read back", () => {
    const model = unreadable();
    const seen: Record<string, unknown> = {};
    const copy = rewriteModel(model, { edit: (path, { config }) => void (seen[path] = [config.depthMultiplier, config.depthwiseConstraint]) });
    expect(seen).toMatchObject({ separable: [2, null], depthwise: [2, null] });
    for (const each of [model, copy]) disposeModel(each);
  });
});

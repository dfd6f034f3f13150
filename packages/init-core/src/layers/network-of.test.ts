import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { networkOf } from "./network-of.js";

const input = (shape: number[], name?: string) => tf.input({ shape, name });
const dense = (units: number, name: string, activation?: "tanh" | "relu") => tf.layers.dense({ units, name, activation });
const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;

function nested(): tf.LayersModel {
  const x = input([5]);
  const inner = tf.sequential({ name: "encoder", layers: [tf.layers.dense({ units: 4, inputShape: [5], activation: "tanh", name: "fc" }), dense(3, "out")] });
  const y = apply(dense(2, "head"), apply(inner, x));
  return tf.model({ inputs: x, outputs: y });
}

const models: Record<string, { model: () => tf.LayersModel; inputs: () => tf.Tensor[] }> = {
  sequential: { model: () => tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3], activation: "relu" }), tf.layers.dense({ units: 2 })] }), inputs: () => [tf.randomNormal([6, 3], 0, 1, "float32", 1)] },
  nested: { model: nested, inputs: () => [tf.randomNormal([6, 5], 0, 1, "float32", 1)] },
  "two levels of nesting": {
    model: () => {
      const x = input([5]);
      const outer = nested();
      return tf.model({ inputs: x, outputs: apply(dense(2, "last"), apply(outer, x)) });
    },
    inputs: () => [tf.randomNormal([6, 5], 0, 1, "float32", 1)],
  },
  shared: {
    model: () => {
      const [a, b] = [input([4]), input([4])];
      const fc = dense(3, "shared", "tanh");
      return tf.model({ inputs: [a, b], outputs: apply(tf.layers.add(), [apply(fc, a), apply(fc, b)]) });
    },
    inputs: () => [tf.randomNormal([6, 4], 0, 1, "float32", 1), tf.randomNormal([6, 4], 0, 1, "float32", 2)],
  },
  "two outputs": {
    model: () => {
      const x = input([4]);
      const h = apply(dense(3, "h", "tanh"), x);
      return tf.model({ inputs: x, outputs: [apply(dense(2, "a"), h), apply(dense(1, "b"), h)] });
    },
    inputs: () => [tf.randomNormal([6, 4], 0, 1, "float32", 1)],
  },
  "convolution with batch normalization": {
    model: () => tf.sequential({ layers: [tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [6, 6, 2], activation: "relu" }), tf.layers.batchNormalization(), tf.layers.depthwiseConv2d({ kernelSize: 2 }), tf.layers.flatten(), tf.layers.dense({ units: 3 })] }),
    inputs: () => [tf.randomNormal([2, 6, 6, 2], 0, 1, "float32", 1)],
  },
  "masked embedding, recurrent": {
    model: () => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 7, outputDim: 4, maskZero: true, inputLength: 5 }), tf.layers.simpleRNN({ units: 3, returnSequences: true }), tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) })] }),
    inputs: () => [tf.tensor2d([[1, 2, 3, 0, 0], [4, 5, 6, 1, 0]])],
  },
};

describe.each(Object.entries(models))("networkOf a model: %s", (_, { model: make, inputs: data }) => {
  it("computes exactly what the model computes", async () => {
    const model = make();
    const inputs = data();
    const actual = [networkOf(model).forward(inputs)].flat();
    const expected = [model.apply(inputs.length === 1 ? inputs[0]! : inputs) as tf.Tensor | tf.Tensor[]].flat();
    expect(actual.length).toBe(expected.length);
    for (const [i, tensor] of actual.entries()) expect(Array.from(await tensor.data())).toEqual(Array.from(await expected[i]!.data()));
  });

  it("lists every weight once, under unique paths", () => {
    const model = make();
    const { parameters } = networkOf(model);
    expect(parameters.map(({ variable }) => variable.id).toSorted()).toEqual([...new Set(model.weights.map((weight) => weight.read().id))].toSorted());
    expect(new Set(parameters.map(({ path }) => path)).size).toBe(parameters.length);
  });

  it("leaves no tensor but the outputs", async () => {
    const network = networkOf(make());
    const inputs = data();
    const outputs = [network.forward(inputs)].flat();
    for (const tensor of outputs) tensor.dispose();
    await expectTensorGrowth(outputs.length, () => network.forward(inputs));
  });
});

describe("networkOf", () => {
  it("names layers by container and keeps sites in the order of the model", () => {
    const network = networkOf(nested());
    expect(network.parameters.map(({ path }) => path)).toEqual(["encoder/fc/kernel", "encoder/fc/bias", "encoder/out/kernel", "encoder/out/bias", "head/kernel", "head/bias"]);
    expect(network.sites.map(({ path }) => path)).toEqual(["encoder/fc/kernel", "encoder/out/kernel", "head/kernel"]);
  });

  it("shows each site its input, a shared layer's as often as it is used", async () => {
    const { model, inputs } = { model: models.shared!.model(), inputs: models.shared!.inputs() };
    const seen: number[][] = [];
    networkOf(model).forward(inputs, { onInput: (_, x) => void seen.push(Array.from(x.dataSync())) });
    expect(seen.length).toBe(2);
    const both = await Promise.all(inputs.map(async (x) => Array.from(await x.data())));
    expect(seen.toSorted()).toEqual(both.toSorted());
  });

  it("puts what onInput returns in the input's place", async () => {
    const network = networkOf(nested());
    const x = models.nested!.inputs();
    const zeroed = network.forward(x, { onInput: (site, input) => (site.layer === "head" ? tf.zerosLike(input) : undefined) }) as tf.Tensor;
    expectClose(await zeroed.data(), new Float32Array(12), 0, 0); // the head's bias is zero
  });

  it("gives layers fed by the same tensor the same input name, through nesting too", () => {
    const x = input([4]);
    const inner = (() => {
      const y = input([4]);
      return tf.model({ inputs: y, outputs: apply(tf.layers.add(), [apply(dense(4, "k"), y), apply(dense(4, "v"), y)]), name: "inner" });
    })();
    const q = apply(dense(4, "q"), x);
    const network = networkOf(tf.model({ inputs: x, outputs: apply(dense(2, "o"), apply(tf.layers.add(), [q, apply(inner, x)])) }));
    const of = (layer: string) => network.sites.find((site) => site.layer === layer)!.input;
    expect(of("inner/k")).toBe(of("q"));
    expect(of("inner/v")).toBe(of("q"));
    expect(of("o")).not.toBe(of("q"));
  });

  it("stops once the sites of interest have been met", () => {
    const network = networkOf(nested());
    const seen: string[] = [];
    const until = [network.sites[1]!];
    const result = network.forward(models.nested!.inputs(), { until, onInput: (site) => void seen.push(site.layer) });
    expect(result).toEqual([]);
    expect(seen).toEqual(["encoder/fc", "encoder/out"]);
  });

  it("holds no more tensors the deeper it gets, but all of them while gradients are recorded", () => {
    const deep = tf.sequential({ layers: Array.from({ length: 12 }, (_, i) => dense(4, `d${i}`, "tanh")).map((layer, i) => (i === 0 ? tf.layers.dense({ units: 4, inputShape: [4], name: "d0" }) : layer)) });
    const identity = tf.layers.dropout({ rate: 0.5 }); // returns its input
    const x = input([4]);
    const model = tf.model({ inputs: x, outputs: apply(tf.layers.add(), [apply(identity, x), apply(deep, x)]) });
    const network = networkOf(model);
    const held: number[] = [];
    const watched = (data: tf.Tensor) => network.forward(data, { onInput: () => void held.push(tf.memory().numTensors) }) as tf.Tensor;
    const data = tf.ones([2, 4]);
    tf.tidy(() => void watched(data));
    expect(held.at(-1)! - held[0]!).toBeLessThanOrEqual(1);
    expect(data.isDisposed).toBe(false);
    held.length = 0;
    const gradient = tf.grad((input_) => tf.sum(watched(input_)))(data);
    expect(held.at(-1)! - held[0]!).toBeGreaterThanOrEqual(11);
    tf.dispose([data, gradient]);
  });

  it("keeps the order of parameters when a layer is frozen", () => {
    const model = nested();
    const before = networkOf(model).parameters.map(({ path }) => path);
    model.layers[1]!.trainable = false;
    const after = networkOf(model).parameters;
    expect(after.map(({ path }) => path)).toEqual(before);
    expect(after.filter(({ trainable }) => trainable).map(({ layer }) => layer)).toEqual(["head", "head"]);
  });

  it("gives roles and fans", () => {
    const network = networkOf(models["convolution with batch normalization"]!.model());
    expect(network.parameters.map(({ role }) => role)).toEqual(["kernel", "bias", "scale", "shift", "statistic", "statistic", "depthwise-kernel", "bias", "kernel", "bias"]);
    expect(network.parameters[0]!.fans).toEqual({ fanIn: 18, fanOut: 36 });
  });

  it("explains a batch of the wrong shape", () => {
    const network = networkOf(nested());
    expect(() => network.forward(tf.zeros([2, 4]))).toThrow(/input 0 must have shape \[any,5\], got \[2,4\]/);
    expect(() => network.forward([tf.zeros([2, 5]), tf.zeros([2, 5])])).toThrow(/takes 1 input\(s\), 2 given/);
  });

  it("refuses a model that has no graph yet", () => {
    const error = (() => {
      try {
        networkOf(tf.sequential());
      } catch (caught) {
        return caught;
      }
    })();
    expect(WarmstartError.isInstance(error, "MODEL_STATE")).toBe(true);
  });
});

import * as tf from "@tensorflow/tfjs";
import { disposeModel, WarmstartError } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { netA, resnet20 } from "../crop/models.fixture.js";
import { countMacs, type CountMacsOptions, type MacCount } from "./count-macs.js";

function counted(model: tf.LayersModel, options?: CountMacsOptions): MacCount {
  try {
    return countMacs(model, options);
  } finally {
    disposeModel(model);
  }
}
const ofLayer = (layer: tf.layers.Layer, shape: (number | null)[]) => {
  const input = tf.input({ shape });
  return counted(tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor })).total;
};

class Doubled extends tf.layers.Layer {
  static className = "DoubledForMacs";
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 2);
  }
}

describe("countMacs", () => {
  it.each<[string, () => tf.layers.Layer, (number | null)[], number]>([
    ["conv1d: 3·4·5 a position, 8 positions", () => tf.layers.conv1d({ filters: 5, kernelSize: 3, padding: "valid" }), [10, 4], 3 * 4 * 5 * 8],
    ["conv2d, same, stride 2: 9·3·8 at 4·4 positions", () => tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: "same" }), [7, 7, 3], 9 * 3 * 8 * 16],
    ["conv2d, channels first", () => tf.layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", dataFormat: "channelsFirst" }), [3, 7, 5], 9 * 3 * 8 * 35],
    ["conv2d, dilated: 9·2·3 at 3·3", () => tf.layers.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2 }), [7, 7, 2], 9 * 2 * 3 * 9],
    ["conv3d: 8·2·3 at 3·3·3", () => tf.layers.conv3d({ filters: 3, kernelSize: 2 }), [4, 4, 4, 2], 8 * 2 * 3 * 27],
    ["conv2dTranspose, by its input: 9·4·6 at 5·5", () => tf.layers.conv2dTranspose({ filters: 6, kernelSize: 3, strides: 2, padding: "same" }), [5, 5, 4], 9 * 4 * 6 * 25],
    ["conv3dTranspose: 8·2·3 at 2·2·2", () => tf.layers.conv3dTranspose({ filters: 3, kernelSize: 2, strides: 2 }), [2, 2, 2, 2], 8 * 2 * 3 * 8],
    ["depthwiseConv2d: 9·4·2 at 6·6", () => tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), [8, 8, 4], 9 * 4 * 2 * 36],
    ["separableConv2d: (9·4·2 + 8·5) at 6·6", () => tf.layers.separableConv2d({ filters: 5, kernelSize: 3, depthMultiplier: 2 }), [8, 8, 4], (9 * 4 * 2 + 8 * 5) * 36],
    ["dense", () => tf.layers.dense({ units: 7 }), [4], 28],
    ["dense on a sequence: every step", () => tf.layers.dense({ units: 7 }), [6, 4], 6 * 28],
    ["simpleRNN: (4·5 + 5·5) a step", () => tf.layers.simpleRNN({ units: 5 }), [6, 4], 6 * (20 + 25)],
    ["gru: three gates", () => tf.layers.gru({ units: 5 }), [6, 4], 6 * 3 * (20 + 25)],
    ["lstm: four gates, sequence out", () => tf.layers.lstm({ units: 5, returnSequences: true }), [6, 4], 6 * 4 * (20 + 25)],
    ["rnn over stacked cells", () => tf.layers.rnn({ cell: [tf.layers.simpleRNNCell({ units: 5 }), tf.layers.simpleRNNCell({ units: 3 })] as never }), [6, 4], 6 * (20 + 25 + 15 + 9)],
    ["bidirectional: both ways", () => tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 5 }) as tf.RNN, mergeMode: "concat" }), [6, 4], 2 * 6 * 4 * (20 + 25)],
    ["timeDistributed: the inner layer a step", () => tf.layers.timeDistributed({ layer: tf.layers.conv2d({ filters: 2, kernelSize: 3 }) }), [3, 5, 5, 1], 3 * (9 * 2 * 9)],
    ["convLstm2d: both kernels over the image, a step", () => tf.layers.convLstm2d({ filters: 2, kernelSize: 3 }), [3, 5, 5, 1], 3 * 9 * 4 * (9 * 1 * 2 + 9 * 2 * 2)],
    ["embedding is a lookup", () => tf.layers.embedding({ inputDim: 10, outputDim: 4 }), [6], 0],
    ["batch norm folds into the kernel before it", () => tf.layers.batchNormalization(), [6, 6, 4], 0],
    ["pooling has no products", () => tf.layers.averagePooling2d({ poolSize: 2 }), [6, 6, 4], 0],
  ])("%s", (_, layer, shape, expected) => expect(ofLayer(layer(), shape)).toBe(expected));

  it("counts the products of Dot", () => {
    const [a, b] = [tf.input({ shape: [5, 4] }), tf.input({ shape: [3, 4] })];
    // [5, 4]·[3, 4]ᵀ: 5·3 outputs of 4 products each
    expect(counted(tf.model({ inputs: [a, b], outputs: tf.layers.dot({ axes: -1 }).apply([a, b]) as tf.SymbolicTensor })).total).toBe(5 * 3 * 4);
  });

  it("counts a shared layer once a call, under one name", () => {
    const shared = tf.layers.dense({ units: 4, name: "shared" });
    const input = tf.input({ shape: [4] });
    const { total, perLayer } = counted(tf.model({ inputs: input, outputs: shared.apply(shared.apply(input)) as tf.SymbolicTensor }));
    expect([total, perLayer]).toEqual([32, { shared: 32 }]);
  });

  it("opens nested models", () => {
    const inner = tf.sequential({ name: "inner", layers: [tf.layers.dense({ units: 3, inputShape: [4], name: "a" }), tf.layers.reLU({ name: "b" })] });
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [2], name: "first" }), inner, tf.layers.dense({ units: 1, name: "last" })] });
    expect(counted(model).perLayer).toEqual({ first: 8, "inner/a": 12, "inner/b": 0, last: 3 });
  });

  it("gives the published numbers of the worked nets", () => {
    expect(counted(netA()).total).toBe(2802304);
    expect(counted(resnet20()).total).toBe(40813184);
  });

  it("takes the sizes that the model leaves open", () => {
    const open = () => tf.sequential({ layers: [tf.layers.conv2d({ name: "open", filters: 4, kernelSize: 3, padding: "same", inputShape: [null, null, 3] as never }), tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: 2 })] });
    expect(counted(open(), { inputShape: [8, 6, 3] }).total).toBe(27 * 4 * 48 + 8);
    expect(() => counted(open())).toThrow(/countMacs: layer "open" reads a tensor of open size \[any,any,any,3\].*inputShape/);
    expect(() => counted(open(), { inputShape: [8, 6, 4] })).toThrow(/input 0 has the shape \[any,any,3\], inputShape is \[8,6,4\]/);
    expect(() => counted(open(), { inputShape: [[8, 6, 3], [8, 6, 3]] })).toThrow(/takes 1 input\(s\), inputShape has 2/);
  });

  it("names layers of other packages instead of guessing", () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), new Doubled({ name: "mine" })] });
    const { total, uncounted } = counted(model);
    expect([total, uncounted]).toEqual([12, ["mine"]]);
  });

  it("makes no tensors", async () => {
    const model = netA();
    await expectTensorGrowth(0, async () => void countMacs(model));
    disposeModel(model);
  });

  it("says what to do about a model without a graph", () => {
    expect(() => countMacs(tf.sequential())).toThrow(expect.objectContaining({ code: "MODEL_STATE" }) as WarmstartError);
  });
});

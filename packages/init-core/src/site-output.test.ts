import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { networkOf } from "./layers/network-of.js";
import { siteOutput, unitColumns } from "./site-output.js";

const biased = { biasInitializer: tf.initializers.randomNormal({ seed: 3 }) };
const cases: [string, () => tf.layers.Layer, number[]][] = [
  ["dense", () => tf.layers.dense({ units: 3, ...biased }), [4]],
  ["dense on a sequence", () => tf.layers.dense({ units: 3, ...biased }), [5, 4]],
  ["conv1d", () => tf.layers.conv1d({ filters: 3, kernelSize: 2, strides: 2, ...biased }), [7, 2]],
  ["conv1d, same and dilated", () => tf.layers.conv1d({ filters: 3, kernelSize: 2, padding: "same", dilationRate: 2, ...biased }), [7, 2]],
  ["conv2d, same, strides of its own on each axis", () => tf.layers.conv2d({ filters: 4, kernelSize: [3, 2], strides: [1, 2], padding: "same", ...biased }), [6, 5, 3]],
  ["conv2d, dilated", () => tf.layers.conv2d({ filters: 4, kernelSize: 2, dilationRate: 2, ...biased }), [6, 5, 3]],
  ["conv2d without bias", () => tf.layers.conv2d({ filters: 4, kernelSize: 2, useBias: false }), [6, 5, 3]],
  ["depthwise", () => tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same", ...biased }), [6, 5, 3]],
  ["separable", () => tf.layers.separableConv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same", ...biased }), [6, 6, 3]],
  ["time distributed dense", () => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3, ...biased }) }), [5, 4]],
];

describe("siteOutput", () => {
  it.each(cases)("equals what the layer gives without its activation: %s", async (_, layer, shape) => {
    const input = tf.input({ shape });
    const network = networkOf(tf.model({ inputs: input, outputs: layer().apply(input) as tf.SymbolicTensor }));
    const x = tf.randomNormal([2, ...shape], 0, 1, "float32", 5);
    const [output, expected] = await expectTensorGrowth(2, () => {
      let output: tf.Tensor | undefined;
      const expected = tf.tidy(() => network.forward(x, { onInput: (site, seen) => void (output = tf.keep(siteOutput(network, site, seen)!)) }) as tf.Tensor);
      return [output!, expected] as const;
    });
    expect(output.size).toBe(expected.size);
    expectClose(await output.data(), await expected.data(), 1e-5, 1e-5);
  });

  it("looks rows up for embeddings, and leaves out what it does not know", async () => {
    const tokens = tf.input({ shape: [3] });
    const network = networkOf(tf.model({ inputs: tokens, outputs: tf.layers.embedding({ inputDim: 5, outputDim: 2 }).apply(tokens) as tf.SymbolicTensor }));
    const ids = tf.tensor2d([[0, 4, 1]]);
    const output = siteOutput(network, network.sites[0]!, ids)!;
    expectClose(await output.data(), await (network.forward(ids) as tf.Tensor).data(), 0, 0);
    const image = tf.input({ shape: [4, 4, 1] });
    const transposed = networkOf(tf.model({ inputs: image, outputs: tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2 }).apply(image) as tf.SymbolicTensor }));
    expect(siteOutput(transposed, transposed.sites[0]!, tf.zeros([1, 4, 4, 1]))).toBeUndefined();
  });
});

describe("siteOutput of networks written by hand", () => {
  it("pads causal convolutions before the first step: [1, 2, 3] * [1, 1] = [1, 3, 5]", async () => {
    const parameter = { path: "c/kernel", layer: "c", role: "kernel", shape: [2, 1, 1], variable: tf.variable(tf.ones([2, 1, 1])), trainable: true } as const;
    const site = { path: "c/kernel", layer: "c", kind: "conv1d", kernel: parameter, input: "x", windows: { padding: "causal" } } as const;
    const network = { parameters: [parameter], sites: [site], forward: (x: tf.Tensor | tf.Tensor[]) => x };
    expectClose(await siteOutput(network, site, tf.tensor3d([1, 2, 3], [1, 3, 1]))!.data(), [1, 3, 5]);
  });
});

describe("unitColumns", () => {
  it("puts channels in columns, whichever axis they are", async () => {
    const [site] = networkOf(tf.sequential({ layers: [tf.layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [2, 2, 3] })] })).sites;
    const x = tf.randomNormal([2, 2, 2, 3], 0, 1, "float32", 1);
    const first = { ...site!, windows: { channelsFirst: true } };
    expectClose(await unitColumns(first, tf.transpose(x, [0, 3, 1, 2])).data(), await unitColumns(site!, x).data(), 0, 0);
  });
});

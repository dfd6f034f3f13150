import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { fansOf } from "./fans.js";
import { networkOf } from "./layers/network-of.js";

/** Kernels of a layer in a model of its own, by the last part of their path. */
function kernels(layer: tf.layers.Layer, shape: (number | null)[]): Record<string, unknown> {
  const input = tf.input({ shape: shape as number[] });
  const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  const fans = Object.fromEntries(networkOf(model).parameters.flatMap(({ path, fans }) => (fans === undefined ? [] : [[path.slice(path.lastIndexOf("/") + 1), fans]])));
  model.dispose();
  return fans;
}

/** A layer of ones fed with ones puts out, away from the borders, the number of inputs that feed an output. */
async function countInputs(layer: tf.layers.Layer, side: number, channels: number): Promise<number> {
  const x = tf.ones([1, side, side, channels]);
  const y = layer.apply(x) as tf.Tensor4D;
  const middle = tf.slice(y, [0, y.shape[1] >> 1, y.shape[2] >> 1, 0], [1, 1, 1, 1]);
  const value = (await middle.data())[0]!;
  layer.dispose();
  tf.dispose([x, y, middle]);
  return value;
}

describe("fansOf", () => {
  it("counts dense and convolution kernels in tfjs' order of axes", () => {
    expect(fansOf("kernel", [5, 7])).toEqual({ fanIn: 5, fanOut: 7 });
    expect(kernels(tf.layers.dense({ units: 7 }), [5])).toEqual({ kernel: { fanIn: 5, fanOut: 7 } });
    expect(kernels(tf.layers.conv1d({ filters: 7, kernelSize: 3 }), [10, 5])).toEqual({ kernel: { fanIn: 15, fanOut: 21 } });
    expect(kernels(tf.layers.conv2d({ filters: 7, kernelSize: [3, 2] }), [10, 10, 5])).toEqual({ kernel: { fanIn: 30, fanOut: 42 } });
    expect(kernels(tf.layers.conv3d({ filters: 7, kernelSize: 2 }), [6, 6, 6, 5])).toEqual({ kernel: { fanIn: 40, fanOut: 56 } });
  });

  it("counts one channel a depthwise output, and every channel a pointwise one", () => {
    expect(kernels(tf.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), [10, 10, 5])).toEqual({ depthwise_kernel: { fanIn: 9, fanOut: 18 } });
    expect(kernels(tf.layers.separableConv2d({ filters: 7, kernelSize: 3, depthMultiplier: 2 }), [10, 10, 5])).toEqual({ depthwise_kernel: { fanIn: 9, fanOut: 18 }, pointwise_kernel: { fanIn: 10, fanOut: 7 } });
  });

  it("knows that a transposed convolution has its axes swapped", () => {
    expect(kernels(tf.layers.conv2dTranspose({ filters: 7, kernelSize: 3 }), [10, 10, 5])).toEqual({ kernel: { fanIn: 45, fanOut: 63 } });
  });

  it("counts recurrent kernels by gate", () => {
    expect(kernels(tf.layers.lstm({ units: 6 }), [4, 5])).toEqual({ kernel: { fanIn: 5, fanOut: 6 }, recurrent_kernel: { fanIn: 6, fanOut: 6 } });
    expect(kernels(tf.layers.gru({ units: 6 }), [4, 5])).toEqual({ kernel: { fanIn: 5, fanOut: 6 }, recurrent_kernel: { fanIn: 6, fanOut: 6 } });
    expect(kernels(tf.layers.simpleRNN({ units: 6 }), [4, 5])).toEqual({ kernel: { fanIn: 5, fanOut: 6 }, recurrent_kernel: { fanIn: 6, fanOut: 6 } });
    expect(kernels(tf.layers.convLstm2d({ filters: 6, kernelSize: 3 }), [4, 8, 8, 5])).toEqual({ kernel: { fanIn: 45, fanOut: 54 }, recurrent_kernel: { fanIn: 54, fanOut: 54 } });
  });

  it("reads one row of an embedding a lookup", () => {
    expect(kernels(tf.layers.embedding({ inputDim: 1000, outputDim: 16 }), [4])).toEqual({ embeddings: { fanIn: 1, fanOut: 16 } });
  });

  it("has none for biases, scales and statistics", () => {
    for (const role of ["bias", "scale", "shift", "statistic", "other"] as const) expect(fansOf(role, [8])).toBeUndefined();
  });

  it("gives the fan-in that a kernel of ones really sums", async () => {
    const ones = { useBias: false, kernelInitializer: "ones", padding: "same" } as const;
    expect(await countInputs(tf.layers.conv2d({ ...ones, filters: 2, kernelSize: [3, 5] }), 9, 4)).toBe(fansOf("kernel", [3, 5, 4, 2])!.fanIn);
    expect(await countInputs(tf.layers.conv2dTranspose({ ...ones, filters: 2, kernelSize: 3 }), 9, 4)).toBe(fansOf("kernel", [3, 3, 2, 4], "Conv2DTranspose")!.fanIn);
    expect(await countInputs(tf.layers.depthwiseConv2d({ useBias: false, depthwiseInitializer: "ones", padding: "same", kernelSize: 3, depthMultiplier: 2 }), 9, 4)).toBe(fansOf("depthwise-kernel", [3, 3, 4, 2])!.fanIn);
  });
});

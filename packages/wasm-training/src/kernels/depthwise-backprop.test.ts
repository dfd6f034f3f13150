import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { kernelFuncOf } from "../training-kernel.js";
import { heapProbe, run, tensorOf } from "./compare.fixture.js";
import { closedBackend, convolutions, kernel, reference, type Convolution } from "./convolution.fixture.js";
import { depthwiseBackpropFilter } from "./depthwise-backprop-filter.js";
import { depthwiseBackpropInput } from "./depthwise-backprop-input.js";

beforeAll(() => void registerTrainingKernels());

async function check(convolution: Convolution): Promise<void> {
  const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
  const expected = reference(convolution);
  const [x, filter, dy] = [tf.tensor(expected.x, inShape), tf.tensor(expected.filter, filterShape), tf.tensor(expected.dy, expected.outShape)];
  const dx = await run(() => kernel("DepthwiseConv2dNativeBackpropInput", { dy, filter }, { ...attrs, inputShape: inShape }));
  expect(dx.shape).toEqual(inShape);
  expectClose(dx.values, expected.dx, 5e-6, 1e-5);
  const dw = await run(() => kernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { ...attrs, filterShape }));
  expect(dw.shape).toEqual(filterShape);
  expectClose(dw.values, expected.dw, 1e-6 * Math.sqrt(dy.size + 1), 1e-5);
  tf.dispose([x, filter, dy]);
}

const plain: Omit<Convolution, "inShape" | "filterShape"> = { strides: [1, 1], dilations: [1, 1], pad: "same", depthwise: true };

describe("DepthwiseConv2dNativeBackpropInput and DepthwiseConv2dNativeBackpropFilter", () => {
  it("are the gradients by definition for any shape, stride, padding, dilation and multiplier", async () => {
    await fc.assert(fc.asyncProperty(convolutions(true), check), { numRuns: 250, seed: 14 });
  });

  it("go over the borders of their blocks, and do 3 × 3 and 5 × 5 for channels around four", async () => {
    for (const channels of [1, 3, 4, 5, 8, 70]) for (const size of [3, 5]) for (const strides of [[1, 1], [2, 2]] as [number, number][]) await check({ ...plain, strides, inShape: [2, 9, 10, channels], filterShape: [size, size, channels, 1] }); // prettier-ignore
    for (const [inShape, filterShape, more] of [
      [[2, 2, 700, 3], [3, 3, 3, 1], {}],
      [[1, 2, 600, 2], [3, 3, 2, 2], { strides: [1, 2] }],
      [[9, 8, 8, 6], [3, 3, 6, 1], {}],
      [[9, 8, 8, 6], [3, 3, 6, 1], { pad: "valid" }],
      [[1, 40, 40, 4], [3, 3, 4, 1], {}],
    ] as [Convolution["inShape"], Convolution["filterShape"], Partial<Convolution>][]) await check({ ...plain, inShape, filterShape, ...more }); // prettier-ignore
  });

  it("give empty gradients and zeros where there is nothing", async () => {
    const attrs = { strides: 1, pad: "same" };
    expect((await run(() => kernel("DepthwiseConv2dNativeBackpropFilter", { x: tf.zeros([0, 4, 4, 2]), dy: tf.zeros([0, 4, 4, 4]) }, { ...attrs, filterShape: [3, 3, 2, 2] }))).values).toEqual(new Float32Array(36));
    expect((await run(() => kernel("DepthwiseConv2dNativeBackpropInput", { dy: tf.zeros([0, 4, 4, 2]), filter: tf.zeros([3, 3, 2, 1]) }, { ...attrs, inputShape: [0, 4, 4, 2] }))).shape).toEqual([0, 4, 4, 2]);
    expect((await run(() => kernel("DepthwiseConv2dNativeBackpropInput", { dy: tf.zeros([1, 2, 2, 0]), filter: tf.zeros([3, 3, 2, 0]) }, { ...attrs, inputShape: [1, 2, 2, 2] }))).values).toEqual(new Float32Array(8));
  });

  it("say what they cannot do, and leave nothing behind", () => {
    const [x, dy] = [tf.zeros([1, 4, 4, 2]), tf.zeros([1, 4, 4, 3])];
    const before = tf.memory();
    expect(() => kernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { strides: 1, pad: "same", filterShape: [3, 3, 2, 1] })).toThrow("DepthwiseConv2dNativeBackpropFilter: an input of shape [1,4,4,2], a filter of shape [3,3,2,1] and tensors float32 [1,4,4,2] and float32 [1,4,4,3] do not make a convolution");
    expect(() => kernel("DepthwiseConv2dNativeBackpropInput", { dy, filter: tf.zeros([3, 3, 2, 1]) }, { strides: 1, pad: "same", inputShape: [1, 4, 4, 2] })).toThrow("DepthwiseConv2dNativeBackpropInput: an input of shape");
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers + 1); // the filter
    tf.dispose([x, dy]);
  });

  it("free their scratch memory", () => {
    const [x, filter] = [tensorOf([2, 20, 20, 5], 1) as tf.Tensor4D, tensorOf([3, 3, 5, 2], 2) as tf.Tensor4D];
    const once = () => tf.dispose(tf.grads((x, filter) => tf.sum(tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")))([x, filter]));
    once();
    const before = heapProbe();
    for (let i = 0; i < 100; i++) once();
    expect(heapProbe()).toBe(before);
    tf.dispose([x, filter]);
  });

  it("are there on typed arrays where the module cannot run", () => {
    for (const convolution of fc.sample(convolutions(true), { numRuns: 30, seed: 15 })) {
      const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
      const expected = reference(convolution);
      const { backend, tensor, read } = closedBackend();
      const dy = tensor(expected.dy, expected.outShape);
      const dw = kernelFuncOf(depthwiseBackpropFilter, undefined)({ inputs: { x: tensor(expected.x, inShape), dy }, backend, attrs: { ...attrs, filterShape } as never }) as tf.TensorInfo;
      expectClose(read(dw), expected.dw, 1e-5, 1e-5);
      const dx = kernelFuncOf(depthwiseBackpropInput, undefined)({ inputs: { dy, filter: tensor(expected.filter, filterShape) }, backend, attrs: { ...attrs, inputShape: inShape } as never }) as tf.TensorInfo;
      expectClose(read(dx), expected.dx, 1e-5, 1e-5);
    }
  });
});

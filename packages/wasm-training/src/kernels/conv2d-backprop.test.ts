import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { kernelFuncOf } from "../training-kernel.js";
import { heapProbe, run, tensorOf } from "./compare.fixture.js";
import { conv2dBackpropFilter } from "./conv2d-backprop-filter.js";
import { closedBackend, convolutions, kernel, reference, type Convolution } from "./convolution.fixture.js";

beforeAll(() => void registerTrainingKernels());

async function check(convolution: Convolution): Promise<void> {
  const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
  const expected = reference(convolution);
  const [x, filter, dy] = [tf.tensor(expected.x, inShape), tf.tensor(expected.filter, filterShape), tf.tensor(expected.dy, expected.outShape)];
  const terms = (size: number) => 1e-6 * Math.sqrt(size + 1);
  const dx = await run(() => kernel("Conv2DBackpropInput", { dy, filter }, { ...attrs, inputShape: inShape }));
  expect(dx.shape).toEqual(inShape);
  expectClose(dx.values, expected.dx, terms(filter.size / filterShape[2]), 1e-5);
  const dw = await run(() => kernel("Conv2DBackpropFilter", { x, dy }, { ...attrs, filterShape }));
  expect(dw.shape).toEqual(filterShape);
  expectClose(dw.values, expected.dw, terms(dy.size / filterShape[3]), 1e-5);
  tf.dispose([x, filter, dy]);
}

const plain: Omit<Convolution, "inShape" | "filterShape"> = { strides: [1, 1], dilations: [1, 1], pad: "same", depthwise: false };

describe("Conv2DBackpropInput and Conv2DBackpropFilter", () => {
  it("are the gradients by definition for any shape, stride, padding and dilation", async () => {
    await fc.assert(fc.asyncProperty(convolutions(false), check), { numRuns: 250, seed: 12 });
  });

  it("go over the borders of their blocks", async () => {
    for (const [inShape, filterShape, more] of [
      [[2, 1, 700, 3], [1, 5, 3, 9], {}],
      [[1, 3, 600, 2], [3, 3, 2, 8], { strides: [1, 2] }],
      [[9, 8, 8, 3], [3, 3, 3, 17], {}],
      [[3, 33, 31, 2], [3, 2, 2, 4], { pad: "valid" }],
      [[2, 4, 4, 70], [3, 3, 70, 66], {}],
      [[5, 30, 20, 4], [1, 1, 4, 5], {}],
      [[5, 30, 20, 4], [1, 1, 4, 5], { strides: [2, 2] }],
      [[2, 20, 20, 4], [7, 7, 4, 8], { strides: [2, 2] }],
      [[1, 9, 9, 2], [2, 2, 2, 8], { strides: [4, 3], pad: "valid" }],
      [[1, 40, 9, 1], [3, 3, 1, 8], { dilations: [4, 2] }],
    ] as [Convolution["inShape"], Convolution["filterShape"], Partial<Convolution>][]) await check({ ...plain, inShape, filterShape, ...more }); // prettier-ignore
  });

  it("give empty gradients and zeros where there is nothing", async () => {
    const attrs = { strides: 1, pad: "same" };
    expect((await run(() => kernel("Conv2DBackpropFilter", { x: tf.zeros([0, 4, 4, 2]), dy: tf.zeros([0, 4, 4, 3]) }, { ...attrs, filterShape: [3, 3, 2, 3] }))).values).toEqual(new Float32Array(54));
    expect((await run(() => kernel("Conv2DBackpropFilter", { x: tf.zeros([1, 4, 4, 0]), dy: tf.zeros([1, 4, 4, 3]) }, { ...attrs, filterShape: [3, 3, 0, 3] }))).shape).toEqual([3, 3, 0, 3]);
    expect((await run(() => kernel("Conv2DBackpropInput", { dy: tf.zeros([0, 4, 4, 3]), filter: tf.zeros([3, 3, 2, 3]) }, { ...attrs, inputShape: [0, 4, 4, 2] }))).shape).toEqual([0, 4, 4, 2]);
    expect((await run(() => kernel("Conv2DBackpropInput", { dy: tf.zeros([1, 2, 2, 0]), filter: tf.zeros([3, 3, 2, 0]) }, { ...attrs, inputShape: [1, 2, 2, 2] }))).values).toEqual(new Float32Array(8));
  });

  it("are right where the forward pass rounds up, which tfjs' gradient forgets", async () => {
    // Size 4, filter 3, stride 2, no padding: 1.5 positions, rounded up to 2; the second one's last column lies outside.
    const x = tf.tensor4d([1, 2, 3, 4], [1, 1, 4, 1]);
    const filter = tf.tensor4d([1, 10, 100], [1, 3, 1, 1]);
    const f = (x: tf.Tensor4D, w: tf.Tensor4D) => tf.sum(tf.conv2d(x, w, [1, 2], 0, "NHWC", 1, "ceil"));
    expect([...(await run(() => tf.grad((x) => f(x as tf.Tensor4D, filter))(x))).values]).toEqual([1, 10, 101, 10]);
    expect([...(await run(() => tf.grad((w) => f(x, w as tf.Tensor4D))(filter))).values]).toEqual([1 + 3, 2 + 4, 3]);
    tf.dispose([x, filter]);
  });

  it("say what they cannot do, and leave nothing behind", () => {
    const [x, dy] = [tf.zeros([1, 4, 4, 2]), tf.zeros([1, 4, 4, 3])];
    const before = tf.memory();
    expect(() => kernel("Conv2DBackpropFilter", { x, dy }, { strides: 1, pad: "same", filterShape: [3, 3, 2, 3], dataFormat: "NCHW" })).toThrow("wasm backend Conv2DBackpropFilter does not support dataFormat:'NCHW'. Please use 'NHWC'.");
    expect(() => kernel("Conv2DBackpropFilter", { x, dy }, { strides: 1, pad: "same", filterShape: [3, 3, 2, 4] })).toThrow("Conv2DBackpropFilter: an input of shape [1,4,4,2], a filter of shape [3,3,2,4] and tensors float32 [1,4,4,2] and float32 [1,4,4,3] do not make a convolution");
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
    tf.dispose([x, dy]);
  });

  it("free their scratch memory", () => {
    const [x, filter] = [tensorOf([2, 20, 20, 5], 1) as tf.Tensor4D, tensorOf([3, 3, 5, 7], 2) as tf.Tensor4D];
    const once = () => tf.dispose(tf.grads((x, filter) => tf.sum(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, "same")))([x, filter]));
    once();
    const before = heapProbe();
    for (let i = 0; i < 100; i++) once();
    expect(heapProbe()).toBe(before);
    tf.dispose([x, filter]);
  });

  it("adds the gradient of the filter on typed arrays where the module cannot run", () => {
    for (const convolution of fc.sample(convolutions(false), { numRuns: 30, seed: 13 })) {
      const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
      const expected = reference(convolution);
      const { backend, tensor, read } = closedBackend();
      const dw = kernelFuncOf(conv2dBackpropFilter, undefined)({ inputs: { x: tensor(expected.x, inShape), dy: tensor(expected.dy, expected.outShape) }, backend, attrs: { ...attrs, filterShape } as never }) as tf.TensorInfo;
      expectClose(read(dw), expected.dw, 1e-5, 1e-5);
    }
  });
});

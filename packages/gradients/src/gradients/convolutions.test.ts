import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notOnNative, onCpu, withKernels } from "../backend.fixture.js";
import { entries, expectGradients, flatten, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients());
afterEach(() => unregisterGradients());

const plainKernels = ["Conv2DBackpropFilter"];
const depthwiseKernels = ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter", notOnNative];

/** The same convolution without dilation: the filter with zeros in its holes. Its gradient is tfjs' own. */
function withHoles(filter: tf.Tensor4D, [dh, dw]: readonly [number, number]): tf.Tensor4D {
  const [h, w, c, m] = filter.shape;
  const apart = tf.pad(tf.reshape(filter, [h, 1, w, 1, c * m]), [[0, 0], [0, dh - 1], [0, 0], [0, dw - 1], [0, 0]]);
  return tf.reshape(tf.slice(tf.reshape(apart, [h * dh, w * dw, c * m]), [0, 0, 0], [(h - 1) * dh + 1, (w - 1) * dw + 1, c * m]), [(h - 1) * dh + 1, (w - 1) * dw + 1, c, m]);
}

const native = process.env.WARMSTART_BACKEND === "tensorflow"; // which has no explicit padding
const pads = native ? fc.constantFrom("same" as const, "valid" as const) : fc.oneof(fc.constantFrom("same" as const, "valid" as const), fc.integer({ min: 0, max: 2 }));
const sizes = fc.record({ n: fc.integer({ min: 1, max: 2 }), h: fc.integer({ min: 5, max: 9 }), w: fc.integer({ min: 5, max: 9 }), c: fc.integer({ min: 1, max: 3 }), m: fc.integer({ min: 1, max: 3 }), kh: fc.integer({ min: 1, max: 3 }), kw: fc.integer({ min: 1, max: 3 }), dh: fc.integer({ min: 1, max: 3 }), dw: fc.integer({ min: 1, max: 3 }), pad: pads }).filter(({ h, w, kh, kw, dh, dw, pad }) => pad === "same" || (h > (kh - 1) * dh && w > (kw - 1) * dw))
  // tfjs takes the width of the output from the height of the filter where padding is a number, and on WebAssembly writes past its end.
  .filter(({ kh, kw, dh, dw, pad }) => typeof pad === "string" || (kh - 1) * dh === (kw - 1) * dw);
const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, spread(y.shape, 7)));

describe("the gradient of a dilated convolution", () => {
  it("is that of the convolution whose filter has zeros in its holes", () =>
    withKernels(plainKernels, () =>
      fc.assert(
        fc.asyncProperty(sizes, async ({ n, h, w, c, m, kh, kw, dh, dw, pad }) => {
          const xs = [spread([n, h, w, c], 1), spread([kh, kw, c, m], 2)];
          const of = (f: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor) => entries(tf.tidy(() => flatten(tf.grads((x, filter) => weigh(f(x as tf.Tensor4D, filter as tf.Tensor4D)))(xs))));
          const ours = await of((x, filter) => tf.conv2d(x, filter, 1, pad, "NHWC", [dh, dw]));
          expectClose(ours, await of((x, filter) => tf.conv2d(x, withHoles(filter, [dh, dw]), 1, pad)), 1e-5, 1e-4);
          tf.dispose(xs);
        }),
        { seed: 1, numRuns: 40 },
      ),
    ));

  it("the same for depthwise convolutions", () =>
    withKernels(depthwiseKernels, () =>
      fc.assert(
        fc.asyncProperty(sizes, async ({ n, h, w, c, m, kh, kw, dh, dw, pad }) => {
          const xs = [spread([n, h, w, c], 1), spread([kh, kw, c, m], 2)];
          const of = (f: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor) => entries(tf.tidy(() => flatten(tf.grads((x, filter) => weigh(f(x as tf.Tensor4D, filter as tf.Tensor4D)))(xs))));
          const ours = await of((x, filter) => tf.depthwiseConv2d(x, filter, 1, pad, "NHWC", [dh, dw]));
          expectClose(ours, await of((x, filter) => tf.depthwiseConv2d(x, withHoles(filter, [dh, dw]), 1, pad)), 1e-5, 1e-4);
          tf.dispose(xs);
        }),
        { seed: 1, numRuns: 30 },
      ),
    ));

  it("is that of finite differences with explicit padding, other above than below", () =>
    withKernels([...plainKernels, notOnNative], async () => {
      const xs = [spread([1, 6, 5, 2], 1), spread([2, 3, 2, 2], 2)];
      await expectGradients((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, [[0, 0], [2, 1], [0, 3], [0, 0]], "NHWC", [2, 2]), xs);
      tf.dispose(xs);
    }));

  it("is that of finite differences with a number for padding and an oblong filter, for which tfjs cuts the output", () =>
    withKernels(onCpu, async () => {
      for (const size of [[3, 2], [2, 3]] as const) {
        const xs = [spread([1, 6, 7, 2], 1), spread([...size, 2, 2], 2)];
        await expectGradients((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 1, "NHWC", [1, 2], "floor"), xs);
        tf.dispose(xs);
      }
    }));

  it("is that of finite differences with channels first", () =>
    withKernels(onCpu, async () => {
      const xs = [spread([1, 2, 6, 5], 1), spread([2, 2, 2, 2], 2)];
      await expectGradients((x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "valid", "NCHW", [2, 2]), xs);
      tf.dispose(xs);
    }));

  it("is tfjs' own where nothing is dilated", () =>
    withKernels(plainKernels, async () => {
      const xs = [spread([2, 7, 6, 2], 1), spread([3, 2, 2, 3], 2)];
      for (const pad of native ? (["same", "valid"] as const) : (["same", "valid", 1] as const)) {
        const gradients = () => entries(tf.tidy(() => flatten(tf.grads((x, filter) => weigh(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, pad, "NHWC", 1, pad === 1 ? "floor" : undefined)))(xs))));
        const ours = await gradients();
        unregisterGradients();
        expectClose(await gradients(), ours, 1e-6, 1e-6);
        registerGradients();
      }
      tf.dispose(xs);
    }));

  it("serves conv1d, atrous separable convolutions and images without batch", () =>
    withKernels([...plainKernels, ...depthwiseKernels], async () => {
      const xs = [spread([1, 9, 2], 1), spread([3, 2, 2], 2)];
      await expectGradients((x, filter) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 1, "same", "NWC", 3), xs);
      const images = [spread([6, 6, 2], 1), spread([2, 2, 2, 1], 2), spread([1, 1, 2, 2], 3)];
      await expectGradients((x, d, p) => tf.separableConv2d(x as tf.Tensor3D, d as tf.Tensor4D, p as tf.Tensor4D, 1, "same", 2), images);
      tf.dispose([xs, images]);
    }));

  it("serves fused convolutions with a bias, which tf.layers uses", () =>
    withKernels([...plainKernels, ...depthwiseKernels, "FusedDepthwiseConv2D"], async () => {
      const xs = [spread([1, 6, 6, 2], 1), spread([2, 2, 2, 2], 2), spread([2], 3)];
      const options = { strides: 1, pad: "same", dilations: [2, 2] } as const;
      await expectGradients((x, filter, bias) => tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, bias, ...options, dilations: [2, 2] }), xs);
      const one = [spread([6, 6, 2], 1), spread([2, 2, 2, 2], 2), spread([4], 3)];
      await expectGradients((x, filter, bias) => tf.fused.depthwiseConv2d({ x: x as tf.Tensor3D, filter: filter as tf.Tensor4D, bias, ...options, dilations: [2, 2] }), one);
      await expectGradients((x, filter) => tf.fused.conv2d({ x: x as tf.Tensor3D, filter: filter as tf.Tensor4D, ...options, dilations: [2, 2] }), one.slice(0, 2));
      tf.dispose([xs, one]);
    }));

  it("trains tf.layers.conv2d with dilationRate 2, where tfjs throws: the loss falls", () =>
    withKernels(plainKernels, async () => {
      const model = tf.sequential({ layers: [tf.layers.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, activation: "relu", padding: "same", inputShape: [8, 8, 1], kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }), tf.layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }), tf.layers.flatten(), tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) })] });
      model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
      const [x, y] = tf.tidy(() => { const at = spread([8, 8, 8, 1], 5, 2); return [at, tf.mean(at, [1, 2])] as const; });
      unregisterGradients();
      await expect(model.trainOnBatch(x, y)).rejects.toThrow(/dilation rates greater than 1/);
      registerGradients();
      const first = (await model.trainOnBatch(x, y)) as number;
      let last = first;
      for (let i = 0; i < 8; i++) last = (await model.trainOnBatch(x, y)) as number;
      expect(last).toBeLessThan(0.7 * first);
      tf.dispose([x, y]);
      model.dispose();
    }));

  it("leaves nothing behind but its results", () =>
    withKernels(plainKernels, async () => {
      const xs = [spread([1, 6, 6, 2], 1), spread([2, 2, 2, 2], 2), spread([2], 3)];
      tf.dispose(await expectTensorGrowth(3, () => tf.grads((x, filter, bias) => tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, bias, strides: 1, pad: "same", dilations: [2, 2] }))(xs)));
      tf.dispose(xs);
    }));
});

describe("the gradient of an ordinary convolution", () => {
  it.each([
    { images: [8, 64, 64], size: 3, strides: 1, pad: "same" },
    { images: [8, 64, 64], size: [1, 3], strides: 1, pad: "same" },
    { images: [8, 64, 64], size: 2, strides: 1, pad: "same" },
    { images: [8, 64, 64], size: 3, strides: 2, pad: "same" },
    { images: [8, 64, 64], size: 3, strides: 1, pad: "valid" },
    { images: [9, 2, 3], size: 3, strides: 1, pad: "same" },
    { images: [8, 4, 4], size: [5, 3], strides: 1, pad: "same" },
  ] as const)("towards large images and many small ones is tfjs' own, plain and fused: $images, filter $size, strides $strides, $pad", ({ images, size, strides, pad }) =>
    withKernels(plainKernels, async () => {
      const [height, width] = [size].flat().length === 2 ? (size as readonly [number, number]) : [size as number, size as number];
      const [x, filter] = [spread([...images, 4], 1), spread([height, width, 4, 6], 2)];
      const towards = async (f: (x: tf.Tensor, filter: tf.Tensor) => tf.Tensor) => entries(tf.tidy(() => flatten(tf.grads((a, b) => tf.sum(tf.square(f(a!, b!))))([x, filter]))));
      const plain = (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad);
      const fused = (a: tf.Tensor, b: tf.Tensor) => tf.fused.conv2d({ x: a as tf.Tensor4D, filter: b as tf.Tensor4D, strides, pad });
      const ours = [await towards(plain), await towards(fused)];
      unregisterGradients();
      const own = await towards(plain);
      const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const each of ours) expectClose(each, own, 1e-5 * largest, 1e-4);
      tf.dispose([x, filter]);
    }));
});

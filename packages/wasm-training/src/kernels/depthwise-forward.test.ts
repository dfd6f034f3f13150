import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, run } from "./compare.fixture.js";
import { convolutions, kernel, reference, type Convolution } from "./convolution.fixture.js";
import { depthwiseConv2d } from "./depthwise-forward.js";

beforeAll(() => void registerTrainingKernels());

const plain: Omit<Convolution, "inShape" | "filterShape"> = { strides: [1, 1], dilations: [1, 1], pad: "same", depthwise: true };

async function check(convolution: Convolution): Promise<void> {
  const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
  const expected = reference(convolution);
  const [x, filter] = [tf.tensor(expected.x, inShape), tf.tensor(expected.filter, filterShape)];
  const y = await run(() => kernel("DepthwiseConv2dNative", { x, filter }, attrs));
  expect(y.shape).toEqual(expected.outShape);
  expectClose(y.values, expected.y, 5e-6, 1e-5);
  tf.dispose([x, filter]);
}

describe("DepthwiseConv2dNative and FusedDepthwiseConv2D", () => {
  it("are the convolution by definition for 3 × 3 filters, and where tfjs' own kernel goes astray", async () => {
    const neighbours = convolutions(true).filter(({ filterShape: [h, w], strides, dilations }) => h === 3 && w === 3 && [...strides, ...dilations].every((step) => step === 1));
    await fc.assert(fc.asyncProperty(neighbours, check), { numRuns: 60, seed: 15 });
    // Axes that differ, padded by a number: it writes past its result.
    const uneven = convolutions(true).filter(({ pad, filterShape: [h, w], strides: [a, b], dilations: [c, d] }) => typeof pad === "number" && (h !== w || a !== b || c !== d) && (a * b === 1 || c * d === 1));
    await fc.assert(fc.asyncProperty(uneven, check), { numRuns: 60, seed: 16 });
    // Strides that skip pixels, padded by name: it reads the wrong ones.
    const skipping = convolutions(true).filter(({ pad, filterShape: [h, w], strides: [a, b], dilations }) => pad === "same" && (a > h || b > w) && dilations.every((step) => step === 1));
    await fc.assert(fc.asyncProperty(skipping, check), { numRuns: 60, seed: 17 });
    for (const filterShape of [[3, 1, 4, 1], [1, 3, 4, 2], [5, 2, 3, 1]] as [number, number, number, number][]) await check({ ...plain, pad: 2, inShape: [2, 7, 9, filterShape[2]], filterShape }); // prettier-ignore
  });

  it("take over where it is faster or safer, and leave the rest to the backend", () => {
    const runtime = new Proxy({}, { get: () => expect.unreachable() }) as never;
    const x = { shape: [1, 8, 8, 2], dtype: "float32", dataId: {} } as tf.TensorInfo;
    for (const [filterShape, more] of [[[5, 5, 2, 1], {}], [[3, 3, 2, 1], { strides: 2 }], [[3, 3, 2, 1], { dilations: 2 }]] as const) {
      expect(depthwiseConv2d.run(runtime, { x, filter: { shape: [...filterShape], dtype: "float32", dataId: {} } }, { strides: 1, pad: "same", ...more })).toBeUndefined();
    }
  });

  it("add a bias and activate", async () => {
    const shape: Convolution = { ...plain, inShape: [2, 6, 5, 3], filterShape: [3, 3, 3, 2] };
    const expected = reference(shape);
    const [x, filter, bias] = [tf.tensor(expected.x, shape.inShape) as tf.Tensor4D, tf.tensor(expected.filter, shape.filterShape) as tf.Tensor4D, tf.tensor1d([1, -1, 0.5, 0, 2, -2])];
    const fused = await run(() => tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: "same", bias, activation: "relu6" }));
    const offsets = [1, -1, 0.5, 0, 2, -2];
    expectClose(fused.values, expected.y.map((value, i) => Math.min(6, Math.max(0, value + offsets[i % 6]!))), 5e-6, 1e-5);
    tf.dispose([x, filter, bias]);
  });

  it("free their scratch memory", () => {
    const [x, filter] = [tf.ones([2, 9, 9, 5]), tf.ones([3, 3, 5, 2])];
    const once = () => kernel("DepthwiseConv2dNative", { x, filter }, { strides: 1, pad: "same" }).dispose();
    once();
    const before = heapProbe();
    for (let i = 0; i < 50; i++) once();
    expect(heapProbe()).toBe(before);
    tf.dispose([x, filter]);
  });
});

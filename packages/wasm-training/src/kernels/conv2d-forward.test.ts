import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, original, run, tensorOf } from "./compare.fixture.js";
import { convolutions, kernel, reference, type Convolution } from "./convolution.fixture.js";

beforeAll(() => void registerTrainingKernels());

async function check(convolution: Convolution): Promise<void> {
  const { inShape, filterShape, depthwise: _, ...attrs } = convolution;
  const expected = reference(convolution);
  const [x, filter] = [tf.tensor(expected.x, inShape), tf.tensor(expected.filter, filterShape)];
  const result = await run(() => kernel("Conv2D", { x, filter }, attrs));
  expect(result.shape).toEqual(expected.outShape);
  expectClose(result.values, expected.y, 1e-6 * Math.sqrt(filter.size / filterShape[3] + 1), 1e-5);
  tf.dispose([x, filter]);
}

const plain = { strides: [1, 1], dilations: [1, 1], pad: "same", depthwise: false } as const;

describe("Conv2D", () => {
  it("is the convolution by definition for any shape, stride, padding and dilation", async () => {
    await fc.assert(fc.asyncProperty(convolutions(false), check), { numRuns: 250, seed: 11 });
  });

  it("goes over the borders of its blocks: long rows, many images, many channels", async () => {
    for (const [inShape, filterShape, more] of [
      [[2, 1, 700, 3], [1, 5, 3, 9], {}],
      [[1, 3, 300, 2], [3, 3, 2, 8], { strides: [1, 2] }],
      [[9, 8, 8, 3], [3, 3, 3, 17], {}],
      [[3, 33, 31, 2], [3, 2, 2, 4], { pad: "valid" }],
      [[2, 4, 4, 70], [3, 3, 70, 66], {}],
      [[5, 30, 20, 4], [1, 1, 4, 5], {}],
      [[2, 20, 20, 4], [7, 7, 4, 8], { strides: [2, 2] }],
      [[1, 40, 9, 1], [3, 3, 1, 8], { dilations: [4, 2] }],
      [[1, 2, 2, 3], [3, 3, 3, 8], { pad: [[0, 0], [9, 8], [7, 9], [0, 0]] }],
    ] as [Convolution["inShape"], Convolution["filterShape"], Partial<Convolution>][]) await check({ ...plain, strides: [1, 1], dilations: [1, 1], inShape, filterShape, ...more }); // prettier-ignore
  });

  it("leaves large images of few channels to the backend, which is faster there", async () => {
    const [x, filter] = [tensorOf([2, 64, 64, 3], 1) as tf.Tensor4D, tensorOf([3, 3, 3, 16], 2) as tf.Tensor4D];
    const apply = () => run(() => tf.conv2d(x, filter, 1, "same"));
    expect(await apply()).toEqual(await original(apply)); // to the last bit
    tf.dispose([x, filter]);
  });

  it("gives nothing for no images, and zeros for no channels", async () => {
    expect((await run(() => tf.conv2d(tf.zeros<tf.Rank.R4>([0, 4, 5, 2]), tf.zeros<tf.Rank.R4>([3, 3, 2, 6]), 1, "same"))).shape).toEqual([0, 4, 5, 6]);
    expect((await run(() => tf.conv2d(tf.zeros<tf.Rank.R4>([1, 2, 2, 0]), tf.zeros<tf.Rank.R4>([3, 3, 0, 3]), 1, "same"))).values).toEqual(new Float32Array(12));
  });

  it("throws tfjs' own error for channels first", async () => {
    const attempt = (): string => {
      try {
        tf.tidy(() => void tf.conv2d(tf.zeros<tf.Rank.R4>([1, 2, 4, 4]), tf.zeros<tf.Rank.R4>([3, 3, 2, 6]), 1, "same", "NCHW"));
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    const tensors = tf.memory().numTensors;
    const ours = attempt();
    expect(ours).toContain("channelsLast");
    expect(ours).toBe(await original(attempt));
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it("frees its scratch memory", () => {
    const [x, filter] = [tensorOf([2, 20, 20, 5], 1), tensorOf([3, 3, 5, 7], 2)];
    const once = () => tf.dispose(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"));
    once();
    const before = heapProbe();
    for (let i = 0; i < 100; i++) once();
    expect(heapProbe()).toBe(before);
    tf.dispose([x, filter]);
  });
});

describe("FusedConv2D", () => {
  it("is convolution, bias, activation for every activation, with and without bias", async () => {
    for (const [inShape, filterShape, strides] of [[[2, 6, 7, 5], [3, 3, 5, 11], 1], [[2, 6, 7, 5], [1, 1, 5, 11], 1], [[1, 9, 9, 2], [3, 3, 2, 11], 2]] as const) {
      const [x, filter, bias, preluActivationWeights] = [tensorOf([...inShape], 1) as tf.Tensor4D, tensorOf([...filterShape], 2) as tf.Tensor4D, tensorOf([11], 3), tensorOf([11], 4)];
      for (const activation of ["linear", "relu", "relu6", "leakyrelu", "sigmoid", "elu", "prelu"] as const) {
        for (const withBias of [true, false]) {
          const ours = await run(() => tf.fused.conv2d({ x, filter, strides, pad: "same", activation, leakyreluAlpha: 0.3, ...(withBias && { bias }), ...(activation === "prelu" && { preluActivationWeights }) }));
          const steps = await original(() =>
            run(() => {
              const y = tf.conv2d(x, filter, strides, "same");
              const z: tf.Tensor = withBias ? tf.add(y, bias) : y;
              return activation === "linear" ? z : activation === "leakyrelu" ? tf.leakyRelu(z, 0.3) : activation === "prelu" ? tf.prelu(z, preluActivationWeights) : tf[activation](z);
            }),
          );
          expect(ours.shape).toEqual(steps.shape);
          expectClose(ours.values, steps.values, 1e-5, 1e-5);
        }
      }
      tf.dispose([x, filter, bias, preluActivationWeights]);
    }
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { heapProbe, tensorOf } from "./compare.fixture.js";
import { momentumStep } from "./momentum-step.js";

beforeAll(() => void registerTrainingKernels());

const attrs = { decay: 0.9, keep: 0.75, rate: 0.5 };
type Inputs = Record<"variable" | "momentum" | "gradient" | "gain", tf.Tensor>;
const inputsOf = (shape: number[], seed: number, gain = 3): Inputs => ({ variable: tensorOf(shape, seed), momentum: tensorOf(shape, seed + 1), gradient: tensorOf(shape, seed + 2), gain: tf.scalar(gain) });
const step = (inputs: Inputs, numbers: object = attrs) => tf.engine().runKernel("MomentumStep", inputs, numbers as tf.NamedAttrMap) as unknown as [tf.Tensor, tf.Tensor];
const fallback = (inputs: Inputs, numbers: object) => (momentumStep.fallback!({ inputs, attrs: numbers as tf.NamedAttrMap, backend: tf.backend() }) as tf.TensorInfo[]).map((info) => tf.engine().makeTensorFromTensorInfo(info)) as [tf.Tensor, tf.Tensor];
const valuesOf = async (t: tf.Tensor) => Array.from(await t.data());

describe("MomentumStep", () => {
  it("is its definition, in the module and on typed arrays", async () => {
    const number = fc.double({ min: -2, max: 2, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }), fc.double({ min: 0, max: 1, noNaN: true }), number, number, number, async (shape, decay, keep, rate, gain) => {
        for (const f of [step, fallback]) {
          const inputs = inputsOf(shape, 1, gain);
          const [theta, old, g] = [await inputs.variable.data(), await inputs.momentum.data(), await inputs.gradient.data()];
          const [next, m] = f(inputs, { decay, keep, rate });
          const expected = Array.from(old, (value, i) => decay * value + (1 - decay) * g[i]!);
          expect([next.shape, m.shape]).toEqual([shape, shape]);
          expectClose(await m.data(), expected, 1e-6, 1e-6);
          expectClose(await next.data(), expected.map((value, i) => keep * theta[i]! - rate * gain * value), 2e-6, 1e-6);
          expect(await valuesOf(inputs.variable)).toEqual(Array.from(theta));
          expect(await valuesOf(inputs.gradient)).toEqual(Array.from(g));
          tf.dispose([inputs, next, m]);
        }
      }),
      { numRuns: 60, seed: 9 },
    );
  });

  it("takes the memory of the old momentum, unless another tensor has it too, whose values stay", async () => {
    for (const share of [undefined, (t: tf.Tensor) => tf.clone(t), (t: tf.Tensor) => tf.reshape(t, [-1])]) {
      const inputs = inputsOf([5, 7], 3);
      const other = share?.(inputs.momentum);
      const before = await valuesOf(inputs.momentum);
      const buffers = tf.memory().numDataBuffers;
      const [next, m] = step(inputs);
      expect(tf.memory().numDataBuffers - buffers).toBe(share === undefined ? 1 : 2);
      expect(m.dataId === inputs.momentum.dataId).toBe(share === undefined);
      if (other !== undefined) expect(await valuesOf(other)).toEqual(before);
      tf.dispose([inputs, next, m, ...(other === undefined ? [] : [other])]);
    }
  });

  it("takes one tensor in two places", async () => {
    const [same, gain] = [tensorOf([9], 1), tf.scalar(2)];
    const x = await valuesOf(same);
    const [next, m] = step({ variable: same, momentum: same, gradient: same, gain });
    expectClose(await m.data(), x, 1e-6, 0);
    expectClose(await next.data(), x.map((value) => (0.75 - 0.5 * 2) * value), 1e-6, 0);
    expect(await valuesOf(same)).toEqual(x);
    tf.dispose([same, gain, next, m]);
  });

  it("leaves no tensors, no data and no memory of the heap behind", () => {
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    const probe = heapProbe();
    for (let i = 0; i < 3; i++) tf.tidy(() => void step(inputsOf([100, 1000], i)));
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
    expect(heapProbe()).toBe(probe);
  });

  it("says what does not fit, and leaves nothing", () => {
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    const attempt = (change: (inputs: Inputs) => Partial<Inputs>, numbers: object = attrs) => () => tf.tidy(() => {
      const inputs = inputsOf([2, 3], 1);
      step({ ...inputs, ...change(inputs) }, numbers);
    });
    expect(attempt(() => ({ gradient: tf.ones([3, 2]) }))).toThrow("MomentumStep: gradient must be float32 [2, 3], got float32 [3, 2]");
    expect(attempt(() => ({ momentum: tf.ones([2, 3], "int32") }))).toThrow("MomentumStep: momentum must be float32 [2, 3], got int32 [2, 3]");
    expect(attempt(() => ({ variable: tf.ones([2, 3], "int32") }))).toThrow("MomentumStep: variable must be float32 [2, 3], got int32 [2, 3]");
    expect(attempt(() => ({ gain: tf.ones([1]) }))).toThrow("MomentumStep: gain must be float32 [], got float32 [1]");
    expect(attempt(() => ({}), { decay: 0.9, keep: 1 })).toThrow("MomentumStep: rate must be a number, got undefined");
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { original, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

const activations = ["linear", "relu", "relu6", "leakyrelu", "sigmoid", "elu", "prelu"] as const;

describe("_FusedMatMul", () => {
  // Not compared with the original, which reads the bias by the position in the whole product when an operand is transposed.
  it("is product, bias, activation for every activation, with and without bias, in all four forms", async () => {
    const [m, k, n] = [9, 21, 11];
    const bias = tensorOf([n], 7);
    const preluActivationWeights = tensorOf([1, n], 8);
    const apply = (x: tf.Tensor, activation: (typeof activations)[number]): tf.Tensor => {
      if (activation === "linear") return x;
      if (activation === "leakyrelu") return tf.leakyRelu(x, 0.3);
      if (activation === "prelu") return tf.prelu(x, preluActivationWeights);
      return tf[activation](x);
    };
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = tf.tidy(() => tf.mul(tensorOf(transposeA ? [k, m] : [m, k], 1), 3) as tf.Tensor2D);
        const b = tensorOf(transposeB ? [n, k] : [k, n], 2) as tf.Tensor2D;
        for (const activation of activations) {
          // prelu stays with the original, which is right about the bias when nothing is transposed.
          for (const withBias of activation === "prelu" && (transposeA || transposeB) ? [false] : [true, false]) {
            const ours = await run(() => tf.fused.matMul({ a, b, transposeA, transposeB, activation, ...(withBias && { bias }), ...(activation === "prelu" && { preluActivationWeights }), leakyreluAlpha: 0.3 }));
            const steps = await original(() => run(() => apply(withBias ? tf.add(tf.matMul(a, b, transposeA, transposeB), bias) : tf.matMul(a, b, transposeA, transposeB), activation)));
            expect(ours.shape).toEqual(steps.shape);
            expectClose(ours.values, steps.values, 1e-5, 1e-5);
          }
        }
        tf.dispose([a, b]);
      }
    }
    tf.dispose([bias, preluActivationWeights]);
  });

  it("serves a dense layer on batches of sequences", async () => {
    const layer = tf.layers.dense({ units: 13, activation: "relu" });
    const x = tensorOf([4, 5, 6], 3);
    layer.build([null, 5, 6]);
    const apply = () => run(() => layer.apply(x) as tf.Tensor);
    const ours = await apply();
    expect(ours.shape).toEqual([4, 5, 13]);
    expectClose(ours.values, (await original(apply)).values, 1e-6, 1e-5);
    tf.dispose([layer.getWeights(), x]);
  });

  it("lets NaN through relu, and saturates sigmoid and elu", async () => {
    const a = tf.tensor2d([NaN, 0, -Infinity, Infinity, -200, 200, -1000, 0.5, 2], [9, 1]);
    const b = tf.ones([1, 1]) as tf.Tensor2D;
    const apply = (activation: "relu" | "sigmoid" | "elu") => run(() => tf.fused.matMul({ a, b, activation }));
    expect([...(await apply("relu")).values]).toEqual([NaN, 0, 0, Infinity, 0, 200, 0, 0.5, 2]);
    expectClose((await apply("sigmoid")).values.slice(1), [0.5, 0, 1, 0, 1, 0, 0.62245933, 0.880797], 1e-7, 1e-6);
    expectClose((await apply("elu")).values.slice(4), [-1, 200, -1, 0.5, 2], 1e-7, 1e-6);
    tf.dispose([a, b]);
  });
});

// Every optimizer once on four numbers, small enough for a WebGPU driver made of software.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { adamW, gSNR, sgd, sgdSai } from "./index.js";

describe("one step from [1, 2, 3, 4] with gradient [1, 2, 2, 3]", () => {
  const gradient = [1, 2, 2, 3];
  const gain = Math.sqrt(18) / Math.sqrt(2 / 3); // ‖g‖ / std(g), deviations −1, 0, 0, 1 and n − 1 = 3

  const step = (make: () => tf.Optimizer, expected: readonly number[]) =>
    expectTensorGrowth(0, async () => {
      const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3, 4])));
      const optimizer = make();
      const g = tf.tensor1d(gradient);
      optimizer.applyGradients({ [variable.name]: g });
      expectClose(await variable.data(), expected, 1e-5, 1e-5);
      optimizer.dispose();
      tf.dispose([variable, g]);
    });

  it("of sgd is the gradient times the rate", () => step(() => sgd({ learningRate: 0.1, momentum: 0, weightDecay: 0 }), [0.9, 1.8, 2.8, 3.7]));

  it("of AdamW is the sign times the rate", () => step(() => adamW({ learningRate: 0.1, weightDecay: 0 }), [0.9, 1.9, 2.9, 3.9]));

  it("of SGD-SaI is the gradient times the rate and the g-SNR", () => step(() => sgdSai({ learningRate: 0.01, weightDecay: 0 }), [1, 2, 3, 4].map((value, i) => value - 0.01 * gain * gradient[i]!)));

  it("is that for each of eighty variables, which are updated as one", async () => {
    const variables = Array.from({ length: 80 }, (_, i) => tf.tidy(() => tf.variable(tf.tensor1d([i, 2, 3]))));
    const gradients = variables.map((_, i) => tf.tensor1d([1, i, 2]));
    const optimizer = sgd({ learningRate: 0.5, momentum: 0.5 });
    optimizer.applyGradients(Object.fromEntries(variables.map(({ name }, i) => [name, gradients[i]!])));
    for (const [i, variable] of variables.entries()) expectClose(await variable.data(), [i - 0.5, 2 - 0.5 * i, 2], 1e-5, 1e-5);
    optimizer.dispose();
    tf.dispose([variables, gradients]);
  });

  it("gSNR is the norm over the standard deviation", async () => {
    const g = tf.tensor1d(gradient);
    const found = gSNR(g);
    expectClose(await found.data(), [gain], 1e-4, 1e-4);
    tf.dispose([g, found]);
    expect(found.isDisposed).toBe(true);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { AdamW } from "./adamw.js";

/** Three numbers, taken as a matrix [1, 2] and a bias [1], through Adam's equations in float64. */
function reference(gradients: readonly number[][], rates: readonly number[], { weightDecay, clipNorm }: { weightDecay: number; clipNorm: number }): number[] {
  const [values, m, v] = [[1, -2, 3], [0, 0, 0], [0, 0, 0]];
  for (const [t, raw] of gradients.entries()) {
    const factor = Math.min(1, clipNorm / Math.hypot(...raw));
    for (const [i, slope] of raw.entries()) {
      const g = slope * factor;
      m[i] = 0.9 * m[i]! + 0.1 * g;
      v[i] = 0.99 * v[i]! + 0.01 * g * g;
      values[i]! -= (rates[t]! * (m[i]! / (1 - 0.9 ** (t + 1)))) / (Math.sqrt(v[i]! / (1 - 0.99 ** (t + 1))) + 1e-7);
      if (i < 2) values[i]! *= 1 - rates[t]! * weightDecay;
    }
  }
  return values;
}

describe("AdamW", () => {
  const gradients = [[30, -40, 5], [0.01, 0.02, -0.2], [1, 2, -3]];
  const rates = [0.1, 0.05, 0.2];
  const options = { weightDecay: 0.1, clipNorm: 1 };

  it("follows the equations: clipped by the norm of all gradients, a rate a step, decay of matrices alone", async () => {
    const matrix = tf.variable(tf.tensor2d([[1, -2]]));
    const bias = tf.variable(tf.tensor1d([3]));
    const optimizer = new AdamW({ variables: [matrix, bias], ...options });
    for (const [t, [a, b, c]] of gradients.entries()) {
      const given = { [matrix.name]: tf.tensor2d([[a!, b!]]), [bias.name]: tf.tensor1d([c!]) };
      optimizer.apply(given, rates[t]!);
      tf.dispose(given);
    }
    expectClose([...(await matrix.data()), ...(await bias.data())], reference(gradients, rates, options), 1e-5);
    tf.dispose([matrix, bias]);
  });

  it("holds two slots a variable and leaves nothing else from step to step", async () => {
    const weight = tf.variable(tf.ones([3, 2]));
    const optimizer = new AdamW({ variables: [weight], ...options });
    const step = () => tf.tidy(() => optimizer.apply({ [weight.name]: tf.ones([3, 2]) }, 0.1));
    step();
    await expectTensorGrowth(0, step);
    expect(weight.isDisposed).toBe(false);
    weight.dispose();
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { subtractScaled } from "./subtract-scaled.js";

// Both sides of the size from which the native backend works in place, and shapes of 0 to 3 axes.
const shapes = [[], [1], [65_535], [65_536], [3, 70_000], [40, 50, 60]];
const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);

describe("subtractScaled", () => {
  it("is y − c·x for a number and for a scalar tensor", async () => {
    for (const shape of shapes) {
      for (const asTensor of [false, true]) {
        const [y, x] = [uniform(shape, 1), uniform(shape, 2)];
        const [before, given] = [await y.data(), await x.data()];
        const result = tf.tidy(() => subtractScaled(y, asTensor ? tf.scalar(-0.3) : -0.3, x));
        expect(result.shape).toEqual(shape);
        expectClose(await result.data(), Array.from(before, (value, i) => value + 0.3 * given[i]!), 1e-6, 0);
        expect(Array.from(await x.data())).toEqual(Array.from(given));
        tf.dispose([result, x]);
      }
    }
  });

  it("uses y up, and leaves those alone who share its values", async () => {
    for (const shape of [[10], [300, 300]]) {
      const [y, x] = [uniform(shape, 1), uniform(shape, 2)];
      const [copy, reshaped] = [tf.clone(y), tf.reshape(y, [-1])];
      const before = Array.from(await y.data());
      const made: tf.Tensor[] = [];
      await expectTensorGrowth(0, () => made.push(subtractScaled(y, 2, x)));
      expect(y.isDisposed).toBe(true);
      expect(Array.from(await copy.data())).toEqual(before);
      expect(Array.from(await reshaped.data())).toEqual(before);
      tf.dispose([x, copy, reshaped, ...made]);
    }
  });

  it("keeps the bytes that it returns, and nothing else", () => {
    const y = uniform([300, 300], 1);
    const x = uniform([300, 300], 2);
    const { numBytes, numDataBuffers } = tf.memory();
    let result = y;
    for (let i = 0; i < 3; i++) result = subtractScaled(result, 0.1, x);
    expect(tf.memory()).toMatchObject({ numBytes, numDataBuffers });
    tf.dispose([x, result]);
  });
});

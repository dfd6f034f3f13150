import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { advance } from "./advance.js";

// Both sides of the size from which the native backend works in place, and shapes of 0 to 3 axes.
const shapes = [[], [65_535], [65_536], [3, 40, 600]];
const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);
const variable = (shape: number[], seed: number) => tf.tidy(() => tf.variable(uniform(shape, seed)));

describe("advance", () => {
  it("is keep · old − rate · direction, for numbers and for scalar tensors, rates of any sign", async () => {
    for (const shape of shapes) {
      for (const [keep, rate] of [[1, -0.3], [0.9, 0.3], [0.9, -0.1], [0.9995, 1e-12], [0.5, 0], [0, 0.3], [1, 0]] as const) {
        for (const asTensor of [false, true]) {
          const [old, x] = [variable(shape, 1), uniform(shape, 2)];
          const [before, given] = [Array.from(await old.data()), Array.from(await x.data())];
          tf.tidy(() => advance(old, asTensor ? tf.scalar(keep) : keep, asTensor ? tf.scalar(rate) : rate, x));
          expectClose(await old.data(), before.map((value, i) => keep * value - rate * given[i]!), 1e-6, 1e-6);
          tf.tidy(() => advance(old, keep, asTensor ? tf.scalar(rate) : rate, x));
          expectClose(await old.data(), before.map((value, i) => keep * (keep * value - rate * given[i]!) - rate * given[i]!), 1e-6, 1e-6);
          expect(Array.from(await x.data())).toEqual(given);
          tf.dispose([old, x]);
        }
      }
    }
  });

  it("leaves those alone who share the variable's values, before and after", async () => {
    for (const shape of [[10], [300, 300]]) {
      for (const keep of [1, 0.9]) {
        const [old, x] = [variable(shape, 1), uniform(shape, 2)];
        const kept = [tf.clone(old), tf.reshape(old, [-1]), x];
        const before = await Promise.all(kept.map(async (tensor) => Array.from(await tensor.data())));
        advance(old, keep, 2, x);
        kept.push(tf.clone(old));
        before.push(Array.from(await old.data()));
        advance(old, keep, 2, x);
        for (const [i, tensor] of kept.entries()) expect(Array.from(await tensor.data())).toEqual(before[i]);
        tf.dispose([old, ...kept]);
      }
    }
  });

  it("may be given the variable's own values as the direction", async () => {
    for (const shape of [[10], [300, 300]]) {
      const old = variable(shape, 1);
      const before = Array.from(await old.data());
      tf.tidy(() => advance(old, 0.9, 0.5, tf.clone(old)));
      expectClose(await old.data(), before.map((value) => 0.4 * value), 1e-6, 1e-6);
      old.dispose();
    }
  });

  it("keeps no tensor and no byte", async () => {
    for (const keep of [1, 0.9]) {
      const [old, x] = [variable([300, 300], 1), uniform([300, 300], 2)];
      const { numBytes, numDataBuffers } = tf.memory();
      await expectTensorGrowth(0, () => {
        for (let i = 0; i < 3; i++) advance(old, keep, 0.1, x);
      });
      expect(tf.memory()).toMatchObject({ numBytes, numDataBuffers });
      tf.dispose([old, x]);
    }
  });
});

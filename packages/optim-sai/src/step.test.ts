import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { Step } from "./step.js";

// Both sides of the size from which the native backend works in place, and shapes of 0 to 3 axes.
const shapes = [[], [65_535], [65_536], [3, 40, 600]];
const uniform = (shape: number[], seed: number) => tf.randomUniform(shape, -1, 1, "float32", seed);
/** In a step of its own. */
function advance(...args: Parameters<Step["advance"]>): void {
  const step = new Step();
  tf.tidy(() => step.advance(...args));
  step.dispose();
}
const variable = (shape: number[], seed: number) => tf.tidy(() => tf.variable(uniform(shape, seed)));

describe("Step.advance", () => {
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

  it("goes from one variable to the next, of other shapes, and back", async () => {
    const variables = [[300, 300], [70_000], [300, 300], [3]].map((shape, i) => variable(shape, i + 1));
    const directions = variables.map(({ shape }, i) => uniform(shape, 10 + i));
    const before = await Promise.all(variables.map((v) => v.data()));
    const step = new Step();
    const snapshots: tf.Tensor[] = [];
    for (const i of [0, 1, 2, 3, 2, 0, 0]) {
      tf.tidy(() => step.advance(variables[i]!, 0.9, i % 2 === 0 ? step.constant(0.5) : 0.25, directions[i]!, i % 2 === 0 ? undefined : step.constant(2)));
      if (i === 2) snapshots.push(tf.clone(variables[i]!));
    }
    step.dispose();
    for (const [i, times] of [3, 1, 2, 1].entries()) {
      const x = await directions[i]!.data();
      const after = (times_: number) => Array.from(before[i]!, (value, j) => Array.from({ length: times_ }).reduce((old: number) => 0.9 * old - 0.5 * x[j]!, value));
      expectClose(await variables[i]!.data(), after(times), 1e-6, 1e-6);
      if (i === 2) expectClose(await snapshots[0]!.data(), after(1), 1e-6, 1e-6);
    }
    tf.dispose([variables, directions, snapshots]);
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

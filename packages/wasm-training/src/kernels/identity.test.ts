import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { original, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

describe("Identity", () => {
  it("shares the data, which live until the last copy is disposed", async () => {
    const x = tensorOf([3, 4], 1);
    const values = [...(await x.data())];
    const before = tf.memory();
    const y = tf.clone(x);
    expect(tf.memory().numTensors).toBe(before.numTensors + 1);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    x.dispose();
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect([...(await y.data())]).toEqual(values);
    y.dispose();
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers - 1);
  });

  it("the original copies: this test can tell", async () => {
    await original(() => {
      const x = tensorOf([3, 4], 1);
      const before = tf.memory().numDataBuffers;
      const y = tf.clone(x);
      expect(tf.memory().numDataBuffers).toBe(before + 1);
      tf.dispose([x, y]);
    });
  });

  it("a variable made from a clone is not changed by assigning to another", async () => {
    const x = tf.tensor1d([1, 2, 3]);
    const [v, w] = [tf.variable(x), tf.variable(tf.clone(x))];
    v.assign(tf.tensor1d([7, 8, 9]));
    tf.train.sgd(1).minimize(() => tf.sum(v) as tf.Scalar);
    expect([...(await w.data())]).toEqual([1, 2, 3]);
    expect([...(await x.data())]).toEqual([1, 2, 3]);
    expect([...(await v.data())]).toEqual([6, 7, 8]);
    tf.dispose([x, v, w]);
  });

  it("clones of other dtypes, of empty tensors and of strings", async () => {
    for (const x of [tf.tensor1d([1, 2], "int32"), tf.tensor1d([true, false], "bool"), tf.zeros([0, 2])]) {
      const y = tf.clone(x);
      expect([y.dtype, y.shape, [...(await y.data())]]).toEqual([x.dtype, x.shape, [...(await x.data())]]);
      tf.dispose([x, y]);
    }
    const text = tf.tensor1d(["a", "b"]);
    const copy = tf.clone(text);
    expect(await copy.data()).toEqual(["a", "b"]);
    tf.dispose([text, copy]);
  });
});

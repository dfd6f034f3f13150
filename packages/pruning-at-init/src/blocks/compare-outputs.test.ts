import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { klDivergence, linearCka } from "./compare-outputs.js";

beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const features = (width: number, seed: number) => tf.randomNormal([40, width], 1, 2, "float32", seed) as tf.Tensor2D;

describe("linearCka", () => {
  it("is 5 / √(2 · 17) for the hand-worked features", async () => {
    const [x, y] = [tf.tensor2d([[1, 0], [0, 1], [1, 1], [0, 0]]), tf.tensor2d([[2, 0], [0, 1], [2, 1], [0, 0]])];
    expect(await linearCka(x, y)).toBeCloseTo(5 / Math.sqrt(34), 5);
  });

  it("is 1 for the same features turned and scaled, and less for others", async () => {
    const x = features(3, 1);
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    const turned = tf.mul(tf.matMul(x, tf.tensor2d([[c, -s, 0], [s, c, 0], [0, 0, -1]])), 1e6) as tf.Tensor2D;
    expect(await linearCka(x, x)).toBeCloseTo(1, 5);
    expect(await linearCka(x, turned)).toBeCloseTo(1, 5);
    const other = await linearCka(x, features(7, 2));
    expect(other).toBeGreaterThan(0);
    expect(other).toBeLessThan(0.5);
  });

  it("is 0 where features do not vary", async () => {
    expect(await linearCka(features(3, 1), tf.ones([40, 2]))).toBe(0);
  });
});

describe("klDivergence", () => {
  it("is 0.0371533 for the hand-worked probabilities", async () => {
    const [p, q] = [tf.log(tf.tensor2d([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])), tf.log(tf.tensor2d([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1]]))];
    expect(await klDivergence(p, q)).toBeCloseTo(0.0371533, 6);
    expect(await klDivergence(p, p)).toBeCloseTo(0, 6);
  });
});

it("neither leaves a tensor behind", async () => {
  const [x, y] = [features(3, 1), features(3, 2)];
  await expectTensorGrowth(0, async () => {
    await linearCka(x, y);
    await klDivergence(x, y);
  });
});

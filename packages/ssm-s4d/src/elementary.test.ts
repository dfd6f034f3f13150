import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { above, angle, complexExpm1, log1p, turn } from "./elementary.js";
import { furthest } from "./host.fixture.js";
import { fromParameter, toParameter } from "./transform.js";

const read = async (t: tf.Tensor): Promise<Float32Array> => {
  const values = await t.data<"float32">();
  t.dispose();
  return values;
};

const sweep = (from: number, to: number, count = 2001) => Float32Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

describe("turn", () => {
  it.each([
    [4, 3e-7],
    [3000, 4e-7],
    [50_000, 4e-7],
  ])("gives cos and sin within ±%d to %d", async (bound, tolerance) => {
    await expectTensorGrowth(0, async () => {
      const x = sweep(-bound, bound);
      const input = tf.tensor1d(x);
      const { cos, sin } = tf.tidy(() => turn(input));
      expect(furthest(await read(cos), Array.from(x, Math.cos))).toBeLessThan(tolerance);
      expect(furthest(await read(sin), Array.from(x, Math.sin))).toBeLessThan(tolerance);
      input.dispose();
    });
  });

  it("has the derivatives −sin and cos", async () => {
    const x = sweep(-20, 20, 101);
    const [dCos, dSin] = (["cos", "sin"] as const).map((part) => tf.tidy(() => tf.grad((x) => tf.sum(turn(x)[part]))(tf.tensor1d(x))));
    expect(furthest(await read(dCos!), Array.from(x, (value) => -Math.sin(value)))).toBeLessThan(5e-7);
    expect(furthest(await read(dSin!), Array.from(x, Math.cos))).toBeLessThan(5e-7);
  });
});

describe("complexExpm1", () => {
  it("does not cancel", async () => {
    const { re, im } = tf.tidy(() => ({ ...complexExpm1({ re: tf.tensor1d([-0.0005, -0.05, -1e-6, -3]), im: tf.tensor1d([0.001, 31.4159, 0, 0]) }) }));
    const [expectedRe, expectedIm] = [[-0.00050037477, -0.04877057583, Math.expm1(-1e-6), Math.expm1(-3)], [0.00099949996, -0.00002524173, 0, 0]];
    const found = [await read(re), await read(im)];
    expect(found[0]!.every((value, i) => Math.abs(value / expectedRe[i]! - 1) < 2e-6)).toBe(true);
    expect(Math.abs(found[1]![0]! / expectedIm[0]! - 1)).toBeLessThan(1e-6);
    expect(Math.abs(found[1]![1]! - expectedIm[1]!)).toBeLessThan(2e-6); // half a unit in the last place of 31.4159
  });
});

describe("log1p", () => {
  it("keeps the digits of small arguments", async () => {
    const x = Float32Array.from([-0.5, -0.3, -0.1, -1e-3, -1e-7, 0]);
    const values = await read(tf.tidy(() => log1p(tf.tensor1d(x))));
    for (const [i, value] of values.entries()) expect(Math.abs(value - Math.log1p(x[i]!))).toBeLessThanOrEqual(4e-7 * Math.abs(Math.log1p(x[i]!)));
  });
});

describe("angle", () => {
  it("is that of atan2 to float32 accuracy all around, 0 at the origin with a gradient of 0", async () => {
    const at = sweep(-3.1, 3.1, 63);
    const [y, x] = [at.map((t) => 2 * Math.sin(t)), at.map((t) => 2 * Math.cos(t))];
    const expected = Array.from(y, (value, i) => Math.atan2(value, x[i]!));
    expect(furthest(await read(tf.tidy(() => angle(tf.tensor1d(y), tf.tensor1d(x)))), expected)).toBeLessThan(6e-7);
    const gradients = tf.tidy(() => tf.grads((y, x) => tf.sum(angle(y, x)))([tf.tensor1d([0, 1]), tf.tensor1d([0, 1])]));
    const [dy, dx] = [await read(gradients[0]!), await read(gradients[1]!)];
    expect([dx[0], Math.abs(dx[1]! + 0.5) < 1e-6, Number.isFinite(dy[0]), Math.abs(dy[1]! - 0.5) < 1e-6]).toEqual([0, true, true, true]);
  });
});

describe("above", () => {
  it("compares without stopping a gradient", async () => {
    const gradient = tf.tidy(() => tf.grad((x) => tf.sum(tf.where(above(x, 1), tf.square(x), tf.neg(x))))(tf.tensor1d([0.5, 1, 3])));
    expect([...(await read(gradient))]).toEqual([-1, -1, 6]);
  });
});

describe("transforms", () => {
  it("come back to p from its parameter, but for relu, which adds 1e-4", async () => {
    for (const transform of ["none", "exp", "relu", "sigmoid", "softplus"] as const) {
      const p = [1e-4, 1e-3, 0.1, 0.9];
      const theta = tf.tensor1d(p.map((value) => toParameter(value, transform)));
      const back = await read(fromParameter(theta, transform));
      theta.dispose();
      for (const [i, value] of back.entries()) expect(Math.abs(value - (transform === "relu" ? p[i]! + 1e-4 : p[i]!))).toBeLessThan(1e-5 * p[i]! + 1e-9);
    }
    expect(toParameter(0, "exp")).toBe(Math.log(1e-4));
  });

  it("do not hand out the parameter itself, and refuse unknown names", async () => {
    const theta = tf.tensor1d([1]);
    const same = await expectTensorGrowth(1, () => fromParameter(theta, "none"));
    same.dispose();
    expect([...(await theta.data())]).toEqual([1]);
    await expectTensorGrowth(0, () => expect(() => fromParameter(theta, "log" as never)).toThrow('`transform` must be one of "none", "exp", "relu", "sigmoid", "softplus", got "log"'));
    theta.dispose();
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels } from "../index.js";
import { original, run, tensorOf } from "./compare.fixture.js";

beforeAll(() => void registerTrainingKernels());

/** erf in float64: its series near 0, the continued fraction of erfc beyond. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 3) {
    let sum = 0;
    for (let n = 0, term = a; n < 100; n++, term *= (-a * a) / n) sum += term / (2 * n + 1);
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

const functions = { exp: { exact: Math.exp, error: 1e-7, from: -87.3, to: 88.7 }, tanh: { exact: Math.tanh, error: 4e-7, from: -12, to: 12 }, erf: { exact: erf, error: 5e-7, from: -6, to: 6 } };

describe.each(["exp", "tanh", "erf"] as const)("%s", (name) => {
  const { exact, error, from, to } = functions[name];

  it(`is within ${error} of the true value, relative, over its whole range and near 0`, async () => {
    for (const [low, high] of [[from, to], [-1, 1], [-1e-3, 1e-3], [-1e-30, 1e-30]] as const) {
      const x = Float32Array.from({ length: 20_001 }, (_, i) => low + ((high - low) * i) / 20_000);
      const { values } = await run(() => tf[name](tf.tensor1d(x)));
      const worst = values.reduce((worst, y, i) => Math.max(worst, Math.abs(y - exact(x[i]!)) / Math.max(Math.abs(exact(x[i]!)), 1e-38)), 0);
      expect(worst).toBeLessThan(error);
    }
  });

  it("keeps NaN, and goes to its limits at infinity", async () => {
    const { values } = await run(() => tf[name](tf.tensor1d([NaN, Infinity, -Infinity, 0, 1e30, -1e30, NaN])));
    const [high, low, zero] = { exp: [Infinity, 0, 1], tanh: [1, -1, 0], erf: [1, -1, 0] }[name] as [number, number, number];
    expect([...values]).toEqual([NaN, high, low, zero, high, low, NaN]);
  });

  it("does any number of elements and no more, of any rank", async () => {
    for (const shape of [[], [1], [2], [3], [5], [2, 3], [4, 1, 7], [0], [2, 0]]) {
      const x = tensorOf(shape, 3);
      const apply = () => run(() => tf[name](x));
      const [ours, theirs] = [await apply(), await original(apply)];
      expect(ours.shape).toEqual(theirs.shape);
      expectClose(ours.values, theirs.values, 1e-6, 1e-5);
      x.dispose();
    }
  });

  it("gives the gradient of the original", async () => {
    const x = tensorOf([33], 3);
    const gradient = () => run(() => tf.grad((x) => tf.sum(tf[name](x)))(x));
    expectClose((await gradient()).values, (await original(gradient)).values, 1e-6, 1e-5);
    x.dispose();
  });
});

it("exp of a mask of -1e9 is exactly 0, so that masked attention is exactly masked", async () => {
  expect([...(await run(() => tf.exp(tf.tensor1d([-1e9, -100, -87.4, -88])))).values]).toEqual([0, 0, 0, 0]);
});

it("exp of int32 stays with the original, which gives float32", async () => {
  const apply = () => run(() => tf.exp(tf.tensor1d([0, 1, 2], "int32")));
  expect(await apply()).toMatchObject({ dtype: "float32" });
  expect(await apply()).toEqual(await original(apply));
});

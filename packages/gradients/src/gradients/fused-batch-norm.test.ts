import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entries, expectGradients, flatten, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients({ only: ["FusedBatchNorm"] }));
afterEach(() => unregisterGradients());

type Given = readonly ("scale" | "offset")[];
const norm = (given: Given) => (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, ...rest: tf.Tensor[]) => {
  const of = (name: "scale" | "offset") => rest[given.indexOf(name)] as tf.Tensor1D | undefined;
  return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, of("offset"), of("scale"), 0.01);
};
const inputs = (shape: number[], parameter: number[], given: Given) => [spread(shape, 1, 2), spread(parameter, 2), tf.tidy(() => tf.add(spread(parameter, 3), 1.5)), ...given.map((_, i) => spread(parameter, 4 + i, 2))];

const combinations: Given[] = [[], ["scale"], ["offset"], ["scale", "offset"]];
const shapes: [number[], number[]][] = [[[5, 3], [3]], [[2, 3, 4], [4]], [[2, 3, 2, 3], [3]], [[2, 2, 2, 2], [2, 2, 2, 2]]];

describe("the gradient of batch normalization", () => {
  it.each(combinations.flatMap((given) => shapes.map(([shape, parameter]) => ({ given, shape, parameter }))))("is that of finite differences towards all inputs: x $shape, parameters $parameter, $given given", async ({ given, shape, parameter }) => {
    const xs = inputs(shape, parameter, given);
    await expectGradients(norm(given), xs, { tolerance: 2e-3 });
    tf.dispose(xs);
  });

  it("is tfjs' own where scale and offset are given", async () => {
    for (const [shape, parameter] of shapes) {
      const xs = inputs(shape, parameter, ["scale", "offset"]);
      const gradients = () => entries(tf.tidy(() => flatten(tf.grads((...at: tf.Tensor[]) => tf.sum(tf.square(norm(["scale", "offset"])(...(at as [tf.Tensor, tf.Tensor, tf.Tensor])))))(xs))));
      const ours = await gradients();
      unregisterGradients();
      expectClose(ours, await gradients(), 1e-4, 1e-4);
      registerGradients({ only: ["FusedBatchNorm"] });
      tf.dispose(xs);
    }
  });

  it("serves without scale, where tfjs throws", () => {
    const xs = inputs([4, 3], [3], []);
    const attempt = () => tf.tidy(() => tf.grads((...at: tf.Tensor[]) => tf.sum(norm([])(...(at as [tf.Tensor, tf.Tensor, tf.Tensor]))))(xs));
    expect(() => tf.dispose(attempt())).not.toThrow();
    unregisterGradients();
    expect(attempt).toThrow();
    tf.dispose(xs);
  });

  it("flows on through moments of the batch: the gradient towards x sums to 0 over the batch and is orthogonal to the normalized x", async () => {
    const x = spread([6, 3], 1, 2);
    const [gradient, normalized] = tf.tidy(() => {
      const f = (at: tf.Tensor2D) => {
        const { mean, variance } = tf.moments(at, 0);
        return tf.batchNorm2d(at, mean as tf.Tensor1D, variance as tf.Tensor1D, undefined, undefined, 1e-6);
      };
      return [tf.grad((at: tf.Tensor) => tf.sum(tf.mul(f(at as tf.Tensor2D), spread([6, 3], 9))))(x), f(x as tf.Tensor2D)] as const;
    });
    expectClose(await entries(tf.sum(gradient, 0)), [0, 0, 0], 1e-5);
    expectClose(await entries(tf.sum(tf.mul(gradient, normalized), 0)), [0, 0, 0], 1e-4);
    tf.dispose([x, gradient, normalized]);
  });

  it.each([{ scale: false }, { center: false }, { scale: false, center: false }, {}])("trains a model with tf.layers.batchNormalization(%o): the loss falls", async (config) => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: "tanh", kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }), tf.layers.batchNormalization(config), tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) })] });
    model.compile({ optimizer: tf.train.sgd(0.05), loss: "meanSquaredError" });
    const [x, y] = tf.tidy(() => { const at = spread([32, 4], 5, 2); return [at, tf.sum(at, 1, true)] as const; });
    const { history } = await model.fit(x, y, { epochs: 12, batchSize: 32, verbose: 0 });
    expect(history.loss!.at(-1) as number).toBeLessThan(0.6 * (history.loss![0] as number));
    tf.dispose([x, y]);
    model.dispose();
  });

  it("runs no Tile", async () => {
    const xs = inputs([2, 3, 3, 4], [4], ["scale", "offset"]);
    const { kernelNames } = await tf.profile(() => tf.tidy(() => void tf.grads((...at: tf.Tensor[]) => norm(["scale", "offset"])(...(at as [tf.Tensor, tf.Tensor, tf.Tensor])))(xs)));
    expect(kernelNames).not.toContain("Tile");
    tf.dispose(xs);
  });

  it("sums over the batch only where a parameter asks, and once for all that do", async () => {
    const [x, mean, variance, scale] = inputs([4, 3], [3], ["scale"]) as [tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
    const sums = async (f: () => unknown) => (await tf.profile(() => tf.tidy(() => void f()))).kernels.filter(({ name }) => name === "Sum").length;
    expect(await sums(() => tf.grad((at) => norm(["scale"])(at, mean, variance, scale))(x))).toBe(0);
    expect(await sums(() => tf.grads((...at: tf.Tensor[]) => norm(["scale"])(...(at as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor])))([x, mean, variance, scale]))).toBe(2);
    tf.dispose([x, mean, variance, scale]);
  });

  it("leaves nothing behind but its results", async () => {
    const xs = inputs([4, 3], [3], ["offset"]);
    tf.dispose(await expectTensorGrowth(4, () => tf.grads((...at: tf.Tensor[]) => norm(["offset"])(...(at as [tf.Tensor, tf.Tensor, tf.Tensor])))(xs)));
    tf.dispose(xs);
  });
});

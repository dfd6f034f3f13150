import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, describe, expect, it } from "vitest";
import { derivativeAlong, entries, flatten, spread } from "../finite-differences.fixture.js";
import { GradientsError, registerGradients, unregisterGradients, withSecondOrderGradients } from "../index.js";
import { normalizeBatch } from "./batch-norm-in-training.js";

afterEach(() => unregisterGradients());

const epsilon = 0.01;
const ours = (x: tf.Tensor, scale?: tf.Tensor, offset?: tf.Tensor) => normalizeBatch(x, (scale as tf.Tensor1D) ?? null, (offset as tf.Tensor1D) ?? null, epsilon);

/** The same by tfjs' operations. */
function composed(x: tf.Tensor, scale?: tf.Tensor, offset?: tf.Tensor): ReturnType<typeof ours> {
  const { mean, variance } = tf.moments(x, x.shape.slice(1).map((_, axis) => axis)) as { mean: tf.Tensor1D; variance: tf.Tensor1D };
  return { y: tf.batchNorm(x, mean, variance, offset as tf.Tensor1D, scale as tf.Tensor1D, epsilon), mean, variance };
}

/** With a linear and a quadratic part. */
const lossOf = (normalize: typeof ours) => (...[x, scale, offset]: tf.Tensor[]) => {
  const { y } = normalize(x!, scale, offset);
  return tf.sum(tf.add(tf.mul(y, spread(y.shape, 21)), tf.mul(tf.square(y), spread(y.shape, 22)))) as tf.Scalar;
};
const gradients = (normalize: typeof ours, xs: tf.Tensor[]) => withSecondOrderGradients(() => tf.tidy(() => flatten(tf.grads(lossOf(normalize))(xs))));
const products = (normalize: typeof ours, xs: tf.Tensor[], vs: tf.Tensor[]) =>
  withSecondOrderGradients(() => tf.tidy(() => flatten(tf.grads((...at: tf.Tensor[]) => tf.addN(tf.grads(lossOf(normalize))(at).map((gradient, i) => tf.sum(tf.mul(gradient, vs[i]!)))))(xs))));

const shapes = [[7, 3], [3, 4, 2], [3, 2, 2, 3]];
const pointsAt = (shape: number[], parameters: number) => [tf.tidy(() => tf.add(spread(shape, 1, 2), 0.7)), ...["scale", "offset"].slice(0, parameters).map((_, i) => spread([shape.at(-1)!], 2 + i))];

describe.each(shapes.flatMap((shape) => [0, 1, 2].map((parameters) => ({ shape, parameters }))))("batch normalization in training of $shape with $parameters parameters", ({ shape, parameters }) => {
  it("is that of moments and batchNorm, and so are its first and second gradients", async () => {
    const xs = pointsAt(shape, parameters);
    const vs = xs.map(({ shape }, i) => spread(shape, i + 31));
    const all = (normalize: typeof ours) => entries(tf.tidy(() => flatten(Object.values(normalize(...(xs as [tf.Tensor]))))));
    expectClose(await all(ours), await all(composed), 1e-5, 1e-5);
    const [first, second] = [await entries(gradients(composed, xs)), await entries(products(composed, xs, vs))];
    expectClose(await entries(gradients(ours, xs)), first, 2e-5 * Math.max(...first.map(Math.abs)), 0);
    expectClose(await entries(products(ours, xs, vs)), second, 1e-4 * Math.max(...second.map(Math.abs)), 0);
    tf.dispose([xs, vs]);
  });

  it("the Hessian times a vector is the difference of gradients", async () => {
    const xs = pointsAt(shape, parameters);
    const vs = xs.map(({ shape }, i) => spread(shape, i + 41));
    const differences = await derivativeAlong((...points) => gradients(ours, points), xs, vs, 0.01);
    const size = Math.max(...differences.map(Math.abs));
    expect(size).toBeGreaterThan(1e-3);
    expectClose(await entries(products(ours, xs, vs)), differences, 1e-3 * size, 0);
    tf.dispose([xs, vs]);
  });

  it("leaves only the results, in first and second order", async () => {
    const xs = pointsAt(shape, parameters);
    const vs = xs.map(({ shape }, i) => spread(shape, i + 31));
    tf.dispose(await expectTensorGrowth(1, () => gradients(ours, xs)));
    tf.dispose(await expectTensorGrowth(1, () => products(ours, xs, vs)));
    tf.dispose([xs, vs]);
  });
});

describe("batch normalization in training", () => {
  it("has its second gradient also where a scale is 0", async () => {
    const xs = [spread([4, 3], 1, 2), tf.tensor1d([0, 1, -2])];
    const vs = xs.map(({ shape }, i) => spread(shape, i + 31));
    const expected = await entries(products(composed, xs, vs));
    expectClose(await entries(products(ours, xs, vs)), expected, 1e-4 * Math.max(...expected.map(Math.abs)), 0);
    tf.dispose([xs, vs]);
  });

  it("refuses a third order, and leaves nothing", async () => {
    const x = spread([4, 3], 1, 2);
    const cubic = (at: tf.Tensor) => tf.sum(tf.pow(ours(at).y, 3));
    const derivative = (f: (x: tf.Tensor) => tf.Tensor) => (at: tf.Tensor) => tf.sum(tf.mul(tf.grad(f)(at), spread([4, 3], 7)));
    await expectTensorGrowth(0, () => expect(() => withSecondOrderGradients(() => tf.tidy(() => tf.grad(derivative(derivative(cubic)))(x)))).toThrow(expect.objectContaining({ code: "UNSUPPORTED", constructor: GradientsError })));
    x.dispose();
  });
});

describe("tf.layers.batchNormalization in training", () => {
  const configs = [{}, { scale: false }, { center: false }, { axis: -1, momentum: 0.7, epsilon: 0.05 }];
  it.each(configs.flatMap((config) => [[5, 3], [3, 4, 2], [2, 3, 2, 3]].map((shape) => ({ config, shape }))))("with $config of $shape gives what moments and batchNorm give, and moves its averages so", async ({ config, shape }) => {
    const layer = tf.layers.batchNormalization({ ...config, betaInitializer: tf.initializers.constant({ value: 0.3 }), gammaInitializer: tf.initializers.constant({ value: 1.7 }) });
    const { momentum = 0.99, epsilon = 1e-3 } = config as { momentum?: number; epsilon?: number };
    const x = tf.tidy(() => tf.add(spread(shape, 1, 2), 0.4));
    registerGradients();
    const results = await entries(layer.apply(x, { training: true }) as tf.Tensor);
    const averages = await entries(flatten(layer.nonTrainableWeights.map((weight) => weight.read())));
    const expected = tf.tidy(() => {
      const { mean, variance } = tf.moments(x, shape.slice(1).map((_, i) => i));
      const normalized = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
      const y = tf.add(tf.mul(normalized, "scale" in config ? 1 : 1.7), "center" in config ? 0 : 0.3);
      return [y, tf.mul(mean, 1 - momentum), tf.add(momentum, tf.mul(variance, 1 - momentum))].map((tensor) => tf.reshape(tensor, [-1]));
    });
    expectClose(results, await entries(expected[0]!), 1e-5, 1e-5);
    expectClose(averages, await entries(tf.concat(expected.slice(1))), 1e-6, 1e-5);
    tf.dispose([x, expected]);
    layer.dispose();
  });

  it.each([[[3, 4, 2], 1], [[2, 3, 2, 3], 2]])("of %j along axis %i is left to the layer", async (shape, axis) => {
    const layer = tf.layers.batchNormalization({ axis });
    const x = spread(shape, 1, 2);
    const own = await entries(layer.apply(x, { training: true }) as tf.Tensor);
    registerGradients();
    expect(await entries(layer.apply(x, { training: true }) as tf.Tensor)).toEqual(own);
    x.dispose();
    layer.dispose();
  });

  it("is its own again afterwards", () => {
    const prototype = Object.getPrototypeOf(tf.layers.batchNormalization()) as { call: unknown };
    const { call } = prototype;
    registerGradients();
    registerGradients();
    expect(prototype.call).not.toBe(call);
    unregisterGradients();
    expect(prototype.call).toBe(call);
  });
});

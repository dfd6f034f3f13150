import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { withKernels } from "./backend.fixture.js";
import { entries, flatten, spread } from "./finite-differences.fixture.js";
import { GradientsError, hessianVectorProduct, registerGradients, unregisterGradients } from "./index.js";

const variables = (...values: tf.Tensor[]) => values.map((value) => { const made = tf.variable(value, true); value.dispose(); return made; });

describe("hessianVectorProduct", () => {
  it("of a quadratic form xᵀAx / 2 is A v", async () => {
    const a = tf.tensor2d([[2, -1, 0.5], [-1, 3, 1], [0.5, 1, 4]]);
    const [x] = variables(spread([3, 1], 1)) as [tf.Variable];
    const v = tf.tensor2d([[1], [2], [-1]]);
    const [product] = hessianVectorProduct(() => tf.mul(tf.sum(tf.mul(x, tf.matMul(a, x as tf.Variable<tf.Rank.R2>))), 0.5) as tf.Scalar, [x], [v]) as [tf.Tensor];
    expectClose(await entries(product), [-0.5, 4, -1.5], 1e-6); // [2 −2 −0.5, −1 +6 −1, 0.5 +2 −4]
    tf.dispose([a, x, v]);
  });

  it("of sum(x³) is 6 x v, entry by entry", async () => {
    const [x] = variables(tf.tensor1d([1, -2])) as [tf.Variable];
    const [product] = hessianVectorProduct(() => tf.sum(tf.pow(x, 3)) as tf.Scalar, [x], [tf.tensor1d([1, 3])]) as [tf.Tensor];
    expectClose(await entries(product), [6, -36], 1e-5);
    x.dispose();
  });

  it("of a least-squares loss with v = g is the published closed form, [0.25, 2]", async () => {
    const [w] = variables(tf.tensor2d([[1], [1]])) as [tf.Variable<tf.Rank.R2>];
    const [x, y] = [tf.tensor2d([[1, 0], [0, 2]]), tf.tensor2d([[0], [1]])];
    const loss = () => tf.div(tf.sum(tf.square(tf.sub(tf.matMul(x, w), y))), 4) as tf.Scalar; // ‖Xw − y‖² / 2N
    const g = tf.variableGrads(loss, [w]).grads[w.name]!;
    expectClose(await entries(tf.clone(g)), [0.5, 1], 1e-6);
    expectClose(await entries(hessianVectorProduct(loss, [w], [g])[0]!), [0.25, 2], 1e-6);
    tf.dispose([w, x, y, g]);
  });

  it("of softmax cross entropy with v = g is the published closed form", async () => {
    const [w] = variables(tf.tensor2d([[0.5, -0.5], [0.25, 1]])) as [tf.Variable<tf.Rank.R2>];
    const [x, y] = [tf.tensor2d([[1, 0], [1, 1]]), tf.tensor2d([[1, 0], [0, 1]])];
    const loss = () => tf.losses.softmaxCrossEntropy(y, tf.matMul(x, w)) as tf.Scalar;
    const g = tf.variableGrads(loss, [w]).grads[w.name]!;
    expectClose(await entries(hessianVectorProduct(loss, [w], [g])[0]!), [0.13409973, -0.13409973, 0.10527297, -0.10527297], 1e-6);
    tf.dispose([w, x, y, g]);
  });

  it("takes vectors by the names of variableGrads, and answers by name", async () => {
    const [a, b] = variables(tf.scalar(2), tf.scalar(3)) as [tf.Variable, tf.Variable];
    const loss = () => tf.mul(tf.square(a), b) as tf.Scalar; // Hessian [[2b, 2a], [2a, 0]]
    const { grads } = tf.variableGrads(loss, [a, b]); // [12, 4]
    const products = hessianVectorProduct(loss, [a, b], grads);
    expect(Object.keys(products)).toEqual([a.name, b.name]);
    expectClose(await entries(products[a.name]!), [6 * 12 + 4 * 4], 1e-5);
    expectClose(await entries(products[b.name]!), [4 * 12], 1e-5);
    tf.dispose([a, b, grads]);
  });

  it("reaches frozen variables, and gives zeros for what the loss, or its gradient, does not depend on", async () => {
    const frozen = tf.variable(tf.tensor1d([1, 2]), false);
    const [linear, alone] = variables(tf.tensor1d([1, 1]), tf.scalar(5)) as [tf.Variable, tf.Variable];
    const vs = [tf.ones([2]), tf.ones([2]), tf.scalar(1)];
    const products = hessianVectorProduct(() => tf.add(tf.sum(tf.exp(frozen)), tf.sum(linear)) as tf.Scalar, [frozen, linear, alone], vs);
    expectClose(await entries(products[0]!), [Math.exp(1), Math.exp(2)], 1e-5);
    expect(await entries(products[1]!)).toEqual([0, 0]);
    expect(await entries(products[2]!)).toEqual([0]);
    expect(await entries(hessianVectorProduct(() => tf.scalar(1), [frozen], [vs[0]!])[0]!)).toEqual([0, 0]);
    expect(hessianVectorProduct(() => tf.scalar(1), [], [])).toEqual([]);
    tf.dispose([frozen, linear, alone, vs]);
  });

  it("refuses vectors that do not fit, before the loss is run", () => {
    const [a] = variables(tf.ones([2])) as [tf.Variable];
    const never = () => expect.unreachable() as never;
    const [short, fit] = [tf.ones([3]), tf.ones([2])];
    const shape = (vectors: tf.Tensor[] | tf.NamedTensorMap) => () => hessianVectorProduct(never, [a], vectors as tf.Tensor[]);
    expect(shape([short])).toThrow(expect.objectContaining({ code: "SHAPE_MISMATCH", message: expect.stringContaining("must have its shape, [2], got [3]") }));
    expect(shape([fit, fit])).toThrow(/one tensor a variable, 1, got 2/);
    expect(shape({})).toThrow(/none for/);
    expect(shape({ [a.name]: fit, other: fit })).toThrow(/got one for "other", which is not among/);
    expect(shape([short])).toThrow(GradientsError);
    tf.dispose([a, short, fit]);
  });

  it("refuses a loss that is no float32 scalar, and leaves nothing behind", async () => {
    const [a] = variables(tf.ones([2])) as [tf.Variable];
    const v = tf.ones([2]);
    const of = (loss: () => unknown) => expectTensorGrowth(0, () => hessianVectorProduct(loss as () => tf.Scalar, [a], [v]));
    await expect(of(() => tf.exp(a))).rejects.toThrow(expect.objectContaining({ code: "NOT_SCALAR", message: expect.stringContaining("got float32 of shape [2]") }));
    await expect(of(() => tf.cast(tf.sum(a), "int32"))).rejects.toThrow(/got int32 of shape \[\]/);
    await expect(of(async () => tf.scalar(1))).rejects.toThrow(expect.objectContaining({ code: "ASYNC" }));
    await expect(of(() => { tf.exp(a); throw new Error("mine"); })).rejects.toThrow("mine");
    tf.dispose([a, v]);
  });
});

/** Convolution, batch normalization without scale, poolings, depthwise convolution, softmax. */
function network(): { model: tf.LayersModel; loss: () => tf.Scalar; weights: tf.Variable[] } {
  const init = (seed: number) => tf.initializers.glorotNormal({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", inputShape: [8, 8, 2], kernelInitializer: init(1) }),
      tf.layers.batchNormalization({ scale: false }),
      tf.layers.activation({ activation: "tanh" }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, depthwiseInitializer: init(2), activation: "elu" }),
      tf.layers.batchNormalization(),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 3, kernelInitializer: init(3), activation: "softmax" }),
    ],
  });
  const [x, y] = [spread([6, 8, 8, 2], 4, 2), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), 3)];
  const loss = () => tf.neg(tf.mean(tf.sum(tf.mul(y, tf.log(model.apply(x, { training: true }) as tf.Tensor)), 1))) as tf.Scalar;
  return { model, loss, weights: model.trainableWeights.map((weight) => weight.read() as tf.Variable) };
}

describe("on a network of convolutions, batch normalization, pooling and softmax", () => {
  const kernels = ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"];
  const dot = async (as: tf.Tensor[], bs: tf.Tensor[]) => {
    const [left, right] = await Promise.all([entries(flatten(as)), entries(flatten(bs))]);
    return left.reduce((sum, value, i) => sum + value * right[i]!, 0);
  };

  it("is the central difference of gradients, symmetric and linear, with the moving averages moved once a product", () =>
    withKernels(kernels, async () => {
      const { loss, weights } = network();
      const [u, v] = [5, 6].map((seed) => weights.map(({ shape }, i) => spread(shape, seed * 31 + i))) as [tf.Tensor[], tf.Tensor[]];
      const [hu, hv] = [hessianVectorProduct(loss, weights, u), hessianVectorProduct(loss, weights, v)];

      const [uhv, vhu] = [await dot(u, hv), await dot(v, hu)];
      expect(Math.abs(uhv - vhu)).toBeLessThan(1e-4 * Math.sqrt((await dot(u, u)) * (await dot(hv, hv))));

      const step = 2e-3;
      const gradient = async (t: number) => {
        weights.forEach((weight, i) => tf.tidy(() => weight.assign(tf.add(weight, tf.mul(v[i]!, t)))));
        const made = tf.engine().gradients(loss, weights).grads;
        weights.forEach((weight, i) => tf.tidy(() => weight.assign(tf.sub(weight, tf.mul(v[i]!, t)))));
        return made;
      };
      registerGradients(); // tfjs cannot differentiate this network once
      const [up, down] = [await gradient(step), await gradient(-step)];
      unregisterGradients();
      const exact = await entries(flatten(hv));
      const difference = (await entries(tf.tidy(() => tf.div(tf.sub(flatten(up), flatten(down)), 2 * step))));
      const norm = Math.hypot(...difference);
      expect(norm).toBeGreaterThan(0.1);
      expect(Math.hypot(...exact.map((value, i) => value - difference[i]!))).toBeLessThan(2e-3 * norm);

      const twice = tf.tidy(() => v.map((vector) => tf.mul(vector, -2)));
      expectClose(await entries(flatten(hessianVectorProduct(loss, weights, twice))), exact.map((value) => -2 * value), 1e-4, 1e-4);
    }));

  it("of g on kernels before a batch normalization is −‖g‖², since the loss does not depend on their scale", () =>
    withKernels(["Conv2DBackpropFilter"], async () => {
      const kernel = tf.variable(spread([3, 3, 2, 4], 1));
      const weights = tf.variable(spread([4, 3], 2));
      const [x, y] = [spread([6, 6, 6, 2], 3, 2), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), 3)];
      const loss = () => {
        const z = tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same");
        const { mean, variance } = tf.moments(z, [0, 1, 2]);
        const a = tf.relu(tf.batchNorm4d(z, mean as tf.Tensor1D, variance as tf.Tensor1D, undefined, undefined, 1e-7));
        return tf.losses.softmaxCrossEntropy(y, tf.matMul(tf.mean(a, [1, 2]) as tf.Tensor2D, weights as tf.Tensor2D)) as tf.Scalar;
      };
      registerGradients();
      const { grads } = tf.variableGrads(loss, [kernel, weights]);
      unregisterGradients();
      const products = hessianVectorProduct(loss, [kernel, weights], grads);
      const g = grads[kernel.name]!;
      const square = await dot([g], [g]);
      expect(square).toBeGreaterThan(1e-5);
      expect(Math.abs((await dot([tf.clone(kernel)], [products[kernel.name]!])) + square)).toBeLessThan(1e-3 * square);
      tf.dispose([kernel, weights, x, y, grads, products]);
    }));

  it("leaves one tensor a variable behind, and needs at most five times the memory of one gradient meanwhile", () =>
    withKernels(kernels, async () => {
      const { loss, weights } = network();
      const vs = weights.map(({ shape }) => tf.ones(shape));
      tf.dispose(hessianVectorProduct(loss, weights, vs));
      await expectTensorGrowth(weights.length, () => hessianVectorProduct(loss, weights, vs));
      const peak = async (f: () => tf.Tensor[]) => {
        const before = tf.memory().numBytes;
        const { peakBytes, result } = await tf.profile(f);
        tf.dispose(result);
        return peakBytes - before;
      };
      registerGradients();
      const first = await peak(() => tf.tidy(() => tf.engine().gradients(loss, weights).grads));
      const second = await peak(() => hessianVectorProduct(loss, weights, vs));
      unregisterGradients();
      expect(second / first).toBeLessThan(5);
      expect(second / first).toBeGreaterThan(1);
    }));
});

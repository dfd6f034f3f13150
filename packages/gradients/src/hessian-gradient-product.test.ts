import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { entries, spread } from "./finite-differences.fixture.js";
import { GradientsError, hessianGradientProduct, hessianVectorProduct } from "./index.js";

describe("hessianGradientProduct", () => {
  it("of sum(x³) is 3 x² and 6 x · 3 x²", async () => {
    const x = tf.variable(tf.tensor1d([1, -2]));
    const { value, gradients, products } = hessianGradientProduct(() => tf.sum(tf.pow(x, 3)), [x]);
    expect([await entries(value), await entries(gradients[0]!)]).toEqual([[-7], [3, 12]]);
    expectClose(await entries(products[0]!), [18, -144], 1e-5);
    x.dispose();
  });

  it("is the gradient, and the product with it, of a network with softmax", async () => {
    const [first, second] = [tf.variable(spread([4, 5], 1)), tf.variable(spread([5, 3], 2))];
    const [xs, ys] = [spread([6, 4], 3, 2), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], "int32"), 3)];
    const loss = () => tf.losses.softmaxCrossEntropy(ys, tf.matMul(tf.tanh(tf.matMul(xs as tf.Tensor2D, first as unknown as tf.Tensor2D)), second as unknown as tf.Tensor2D)) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [first, second]);
    const own = [first, second].map(({ name }) => grads[name]!);
    const expected = hessianVectorProduct(loss, [first, second], own);
    const { value, gradients, products } = await expectTensorGrowth(5, () => hessianGradientProduct(loss, [first, second]));
    expectClose(await entries(value), await entries(tf.tidy(loss)), 1e-6);
    for (const i of [0, 1]) {
      expectClose(await entries(gradients[i]!), await entries(tf.clone(own[i]!)), 1e-6);
      expectClose(await entries(products[i]!), await entries(expected[i]!), 1e-6, 1e-4);
    }
    tf.dispose([first, second, xs, ys, grads]);
  });

  it("has no gradient, and a product of zeros, where the loss does not depend on a variable", async () => {
    const [used, alone] = [tf.variable(tf.scalar(3)), tf.variable(tf.tensor1d([1, 2]), false)];
    const { value, gradients, products } = hessianGradientProduct(() => tf.square(used), [used, alone]);
    expect([await entries(gradients[0]!), gradients[1], await entries(products[0]!), await entries(products[1]!)]).toEqual([[6], undefined, [12], [0, 0]]);
    tf.dispose([value, used, alone]);
  });

  it("refuses a loss that is no scalar, a promise among them, and leaves nothing behind, whatever throws", async () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    await expectTensorGrowth(0, () => {
      expect(() => hessianGradientProduct(() => tf.square(x), [x])).toThrow("hessianGradientProduct: loss must return a float32 scalar, got float32 of shape [2]. Take the mean or the sum.");
      expect(() => hessianGradientProduct((async () => tf.scalar(1)) as never, [x])).toThrow(GradientsError);
      expect(() => hessianGradientProduct(() => { tf.exp(x); throw new Error("mine"); }, [x])).toThrow("mine");
    });
    x.dispose();
  });
});

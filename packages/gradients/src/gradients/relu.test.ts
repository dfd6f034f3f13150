import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { derivativeAlong, entries, spread } from "../finite-differences.fixture.js";
import { hessianVectorProduct, registerGradients, unregisterGradients, withGradients, withSecondOrderGradients } from "../index.js";

beforeEach(() => void registerGradients({ only: ["Relu"] }));
afterEach(() => unregisterGradients());

const gradientAt = (x: tf.Tensor, dy: tf.Tensor) => tf.tidy(() => tf.grad((at: tf.Tensor) => tf.relu(at))(x, dy));

describe("the gradient of relu", () => {
  it("is dy where x is positive, and 0 at 0", async () => {
    const [x, dy] = [tf.tensor1d([-2, -0, 0, 1e-30, 3, Infinity]), tf.tensor1d([1, 2, 3, 4, -5, 6])];
    expect(await entries(await expectTensorGrowth(1, () => gradientAt(x, dy)))).toEqual([0, 0, 0, 4, -5, 6]);
    tf.dispose([x, dy]);
  });

  it("is tfjs' own for any shape", async () => {
    for (const x of [spread([2, 3, 4, 2], 1), spread([1], 2), tf.zeros([0, 3])]) {
      const dy = spread(x.shape, 3);
      registerGradients({ only: ["Relu"] });
      const ours = await entries(gradientAt(x, dy));
      unregisterGradients();
      expect(ours).toEqual(await entries(gradientAt(x, dy)));
      tf.dispose([x, dy]);
    }
  });

  it("has a gradient itself, in second order: that of relu(x)² x is 6 x where x is positive", async () => {
    const x = tf.tensor1d([-1, 0.5, 2]);
    const cube = (at: tf.Tensor) => tf.sum(tf.mul(tf.square(tf.relu(at)), at));
    const second = withSecondOrderGradients(() => tf.tidy(() => tf.grad((at) => tf.sum(tf.grad(cube)(at)))(x)));
    expect(await entries(second)).toEqual([0, 3, 12]);
    const w = tf.variable(spread([4, 3], 5));
    const input = spread([6, 4], 6);
    const loss = () => tf.sum(tf.square(tf.relu(tf.matMul(input, w))));
    const v = spread([4, 3], 7);
    const [product] = hessianVectorProduct(loss, [w], [v]);
    const gradientOf = (at: tf.Tensor) => tf.grad((point: tf.Tensor) => tf.sum(tf.square(tf.relu(tf.matMul(input, point as tf.Tensor2D)))))(at);
    const differences = await derivativeAlong(gradientOf, [w as tf.Tensor], [v], 1e-3);
    const values = await entries(product!);
    values.forEach((value, i) => expect(value).toBeCloseTo(differences[i]!, 1));
    tf.dispose([x, w, input, v]);
  });

  it("serves plain nested gradients as well, which tfjs alone has right: of relu(x)² towards x twice, 2 where x is positive", async () => {
    registerGradients();
    const x = tf.tensor1d([-1, 0.5, 2]);
    expect(await entries(tf.tidy(() => tf.grad((at) => tf.sum(tf.grad((inner: tf.Tensor) => tf.sum(tf.square(tf.relu(inner))))(at)))(x)))).toEqual([0, 2, 2]);
    x.dispose();
  });

  it("is one kernel on the native backend, which goes with the gradient", () => {
    expect(tf.getKernel("ReluGrad", "tensorflow")).toBeDefined();
    unregisterGradients();
    expect(tf.getKernel("ReluGrad", "tensorflow")).toBeUndefined();
  });
});

describe("withGradients", () => {
  it("has all of them in place for the time of a call, also around second order, and puts back tfjs' own", async () => {
    unregisterGradients();
    const own = tf.getGradient("Relu");
    const inside = withGradients(() => {
      const first = tf.getGradient("Relu");
      withSecondOrderGradients(() => expect(tf.getGradient("EluGrad")).toBeDefined());
      expect([tf.getGradient("Relu"), tf.getGradient("EluGrad")]).toEqual([first, undefined]);
      return first;
    });
    expect(inside).not.toBe(own);
    expect(tf.getGradient("Relu")).toBe(own);
    expect(() => withGradients(() => { throw new Error("no"); })).toThrow("no");
    expect(tf.getGradient("Relu")).toBe(own);
    expect(() => withGradients(() => Promise.resolve(1))).toThrow("withGradients: fn must be synchronous");
  });

  it("leaves what was registered for good meanwhile", () => {
    unregisterGradients();
    withGradients(() => void registerGradients({ only: ["Tile"] }));
    expect(registerGradients({ only: [] }).registered).toEqual(["Tile"]);
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, describe, expect, it } from "vitest";
import { onCpu, withKernels } from "./backend.fixture.js";
import { entries, spread } from "./finite-differences.fixture.js";
import { gradientNames, registerGradients, unregisterGradients, withSecondOrderGradients } from "./index.js";

afterEach(() => unregisterGradients());

const watched = [...gradientNames(), "Tanh", "Exp", "MaxPoolGrad", "Conv2DBackpropFilter", "EluGrad", "Greater"];
const registry = () => watched.map((name) => tf.getGradient(name) as tf.GradConfig | undefined);
const methods = () => ["addTapeNode", "runKernelFunc"].map((name) => Reflect.get(tf.engine(), name) as unknown);
const shipped = registry();
const shippedMethods = methods();
const second = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) => withSecondOrderGradients(() => tf.tidy(() => tf.grad((at: tf.Tensor) => tf.grad(f)(at))(x)));

describe("withSecondOrderGradients", () => {
  it("tanh'' = −2 tanh (1 − tanh²), where tfjs alone throws", async () => {
    const x = tf.tensor1d([-1, 0.5, 2]);
    const t = [-1, 0.5, 2].map(Math.tanh);
    expectClose(await entries(second(tf.tanh, x)), t.map((y) => -2 * y * (1 - y * y)), 1e-6);
    expect(() => tf.tidy(() => tf.grad((at: tf.Tensor) => tf.grad((b: tf.Tensor) => tf.tanh(b))(at))(x))).toThrow(/Cannot compute gradient/);
    x.dispose();
  });

  it("goes on to the third derivative where the backward passes are made of such operations: exp''' = exp", async () => {
    const x = tf.tensor1d([-1, 0.5]);
    const third = withSecondOrderGradients(() => tf.tidy(() => tf.grad((a: tf.Tensor) => tf.grad((b: tf.Tensor) => tf.grad((c: tf.Tensor) => tf.exp(c))(b))(a))(x)));
    expectClose(await entries(third), [Math.exp(-1), Math.exp(0.5)], 1e-6);
    x.dispose();
  });

  it("returns what fn returns, and hands on what it throws", () => {
    expect(withSecondOrderGradients(() => 7)).toBe(7);
    expect(() => withSecondOrderGradients(() => { throw new RangeError("mine"); })).toThrow(new RangeError("mine"));
  });

  it("restores every gradient and method, the same objects, also on throw, also where ours are registered", () => {
    const check = () => {
      const before = [registry(), methods()];
      withSecondOrderGradients(() => expect(tf.getGradient("MaxPoolGrad")).toBeDefined());
      expect(() => withSecondOrderGradients(() => { throw new Error("stop"); })).toThrow("stop");
      const after = [registry(), methods()];
      before.forEach((list, i) => list.forEach((one, k) => expect(after[i]![k]).toBe(one)));
    };
    check();
    expect(registry()).toEqual(shipped);
    expect(methods()).toEqual(shippedMethods);
    registerGradients();
    check();
  });

  it("nests, and restores only at the end of the outermost call", async () => {
    const x = tf.scalar(0.3);
    const outer = withSecondOrderGradients(() => {
      second(tf.exp, x).dispose();
      expect(() => second(() => { throw new Error("inner"); }, x)).toThrow("inner");
      return tf.tidy(() => tf.grad((at: tf.Tensor) => tf.grad((b: tf.Tensor) => tf.tanh(b))(at))(x));
    });
    const t = Math.tanh(0.3);
    expectClose(await entries(outer), [-2 * t * (1 - t * t)], 1e-6);
    expect(methods()).toEqual(shippedMethods);
    x.dispose();
  });

  it("keeps what is registered inside of it", () => {
    withSecondOrderGradients(() => void registerGradients({ only: ["Tile"] }));
    expect(tf.getGradient("Tile")).not.toBe(shipped[watched.indexOf("Tile")]);
    expect(tf.getGradient("Einsum")).toBeUndefined();
    expect(methods()).not.toEqual(shippedMethods);
    unregisterGradients();
    withSecondOrderGradients(() => unregisterGradients());
    expect(registry()).toEqual(shipped);
    expect(methods()).toEqual(shippedMethods);
  });

  it("refuses a promise, after everything is restored", () => {
    expect(() => withSecondOrderGradients(async () => 1)).toThrow(expect.objectContaining({ code: "ASYNC", message: expect.stringContaining("await their data outside") }));
    expect(() => withSecondOrderGradients(() => Promise.reject(new Error("unheard")))).toThrow(expect.objectContaining({ code: "ASYNC" }));
    expect(registry()).toEqual(shipped);
    expect(methods()).toEqual(shippedMethods);
  });

  it("leaves first gradients as they are", async () => {
    const x = spread([3, 4], 1);
    for (const f of [(at: tf.Tensor) => tf.softmax(at), (at: tf.Tensor) => tf.losses.softmaxCrossEntropy(tf.softmax(x), at), (at: tf.Tensor) => tf.elu(at), (at: tf.Tensor) => tf.logSoftmax(at)]) {
      const gradient = () => tf.tidy(() => tf.grad((at: tf.Tensor) => tf.sum(tf.square(f(at))))(x));
      expectClose(await entries(withSecondOrderGradients(gradient)), await entries(gradient()), 1e-6);
    }
    x.dispose();
  });

  it("keeps the gradient of a custom gradient: one that is deliberately not the derivative stays it", async () => {
    const straight = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return { value: tf.round(x as tf.Tensor), gradFunc: (dy, saved) => tf.mul(dy, tf.square(saved[0]!)) };
    });
    const x = tf.scalar(1.4);
    expectClose(await entries(withSecondOrderGradients(() => tf.tidy(() => tf.grad((at: tf.Tensor) => straight(at))(x)))), [1.96], 1e-6);
    expectClose(await entries(second((at) => straight(at), x)), [2.8], 1e-6); // the derivative of x²
    x.dispose();
  });

  it("connects what a custom gradient saves, intermediate or value, to its inputs", async () => {
    const half = tf.customGrad((x, save) => {
      const e = tf.exp(x as tf.Tensor);
      const value = tf.mul(e, 3);
      (save as tf.GradSaveFunc)([value, e]);
      return { value, gradFunc: (dy, saved) => tf.mul(dy, tf.add(saved[0]!, saved[1]!)) }; // 3 eˣ + eˣ: not the derivative, on purpose
    });
    const x = tf.scalar(0.5);
    // d/dx (value + e) with value's gradient by the custom one, 4 eˣ, and e's by the tape, eˣ
    expectClose(await entries(second((at) => half(at), x)), [5 * Math.exp(0.5)], 1e-5);
    x.dispose();
  });

  it("frees what the tape had saved, on success and on throw", async () => {
    const x = spread([3, 4], 1);
    (await expectTensorGrowth(1, () => second((at) => tf.sum(tf.square(tf.softmax(tf.tanh(at)))), x))).dispose();
    await expect(expectTensorGrowth(0, () => second((at) => tf.add(tf.tanh(at), tf.prod(at)), x))).rejects.toThrow(/gradient function not found for Cumprod/);
    await expect(expectTensorGrowth(0, () => second((at) => { tf.softmax(tf.exp(at)); throw new Error("late"); }, x))).rejects.toThrow("late");
    x.dispose();
  });
});

describe("the gradient of max pooling's gradient", () => {
  it.each([[2, 2, "same"], [3, 1, "valid"], [3, 2, "same"], [[2, 3], [1, 2], "valid"]] as const)("takes from where the gradient puts to, ties included: window %j, strides %j, %s", async (size, strides, pad) => {
    for (const backend of new Set([tf.getBackend(), "cpu"])) {
      await withKernels(backend === "cpu" ? onCpu : [], async () => {
        const x = tf.tidy(() => tf.add(tf.relu(tf.sub(spread([2, 6, 5, 3], 1, 2), 0.6)), 1)); // mostly ones: ties everywhere
        const pool = (at: tf.Tensor4D) => tf.maxPool(at, size as [number, number], strides as [number, number], pad);
        // The gradient is a linear map of dy. Its transpose, applied to v, is what the second gradient gives towards dy.
        const { put, taken, dy, v } = withSecondOrderGradients(() =>
          tf.tidy(() => {
            const y = pool(x as tf.Tensor4D);
            const [dy, v] = [spread(y.shape, 2), spread(x.shape, 3)];
            const gradient = (d: tf.Tensor) => tf.grad((at: tf.Tensor) => pool(at as tf.Tensor4D) as tf.Tensor)(x, d);
            return { put: gradient(dy), taken: tf.grad((d: tf.Tensor) => tf.sum(tf.mul(gradient(d), v)))(dy), dy, v };
          }),
        );
        const [left, right] = await Promise.all([entries(tf.sum(tf.mul(put, v))), entries(tf.sum(tf.mul(taken, dy)))]);
        expectClose(left, right, 1e-5);
        tf.dispose([x, put, taken, dy, v]);
      });
    }
  });
});

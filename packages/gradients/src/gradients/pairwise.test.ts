import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { entries, expectGradients, flatten, spread } from "../finite-differences.fixture.js";
import { registerGradients, unregisterGradients } from "../index.js";

beforeEach(() => void registerGradients());
afterEach(() => unregisterGradients());

const operations = [["Maximum", tf.maximum], ["Minimum", tf.minimum], ["SquaredDifference", tf.squaredDifference]] as const;
const gradients = (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, xs: tf.Tensor[]) => entries(tf.tidy(() => flatten(tf.grads((a, b) => { const y = f(a!, b!); return tf.sum(tf.mul(y, spread(y.shape, 5))); })(xs))));

describe.each(operations)("the gradient of %s", (_, f) => {
  it.each([[[2, 3], [3]], [[3], [2, 3]], [[2, 1], [1, 3]], [[2, 3], []]])("is that of finite differences with operands of shapes %j and %j, for which tfjs throws", async (a, b) => {
    const xs = [spread(a, 1), tf.tidy(() => tf.add(spread(b, 2), 0.013))];
    await expectGradients((x, y) => f(x!, y!), xs);
    unregisterGradients();
    await expect((async () => gradients(f, xs))()).rejects.toThrow(/does not match the shape of the input/);
    tf.dispose(xs);
  });

  it("is tfjs' own for equal shapes, ties included", async () => {
    const xs = [tf.tensor1d([1, 2, 3, -1]), tf.tensor1d([1, 3, 2, -1])];
    const ours = await gradients(f, xs);
    unregisterGradients();
    expectClose(await gradients(f, xs), ours, 1e-6);
    tf.dispose(xs);
  });
});

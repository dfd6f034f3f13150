// Every function once, on a matrix small enough for a WebGPU driver made of software.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { leastSquares, nearestOrthogonal, orthonormalize, polar, randomizedSvd, randomOrthogonal, svd, symmetricEigen, thinQr, topEigen } from "./index.js";

const identity = (n: number) => Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
const a = () => tf.tensor2d([[2, 0, 1], [1, 3, 0], [0, 1, 1], [1, 1, 4], [2, 1, 0]]);
const read = async (make: () => tf.Tensor) => {
  const tensor = tf.tidy(make);
  const values = await tensor.data();
  tensor.dispose();
  return values;
};
const gram = (q: tf.Tensor2D) => read(() => tf.matMul(q, q, true));
/** u·diag(s)·vᵀ */
const rebuilt = ({ u, s, v }: { u: tf.Tensor2D; s: Float64Array; v: tf.Tensor2D }) => read(() => tf.matMul(tf.mul(u, Array.from(s)), v, false, true));

describe("on a 5×3 matrix", () => {
  it("thinQr and orthonormalize give orthonormal columns, and Q·R is the matrix", () =>
    expectTensorGrowth(0, async () => {
      const x = a();
      const { q, r } = await thinQr(x);
      const basis = await orthonormalize(x);
      expectClose(await gram(q), identity(3));
      expectClose(await gram(basis), identity(3));
      expectClose(await read(() => tf.matMul(q, r)), await x.data());
      tf.dispose([x, q, r, basis]);
    }));

  it("svd and randomizedSvd take it apart and put it together", () =>
    expectTensorGrowth(0, async () => {
      const x = a();
      for (const found of [await svd(x), await randomizedSvd(x, 3, { seed: 1 })]) {
        expectClose(await rebuilt(found), await x.data(), 1e-5, 1e-5);
        tf.dispose([found.u, found.v]);
      }
      x.dispose();
    }));

  it("symmetricEigen and topEigen agree on xᵀx", () =>
    expectTensorGrowth(0, async () => {
      const x = a();
      const square = tf.tidy(() => tf.matMul(x, x, true) as tf.Tensor2D);
      const [all, top] = [await symmetricEigen(square), await topEigen(square, 2, { seed: 1 })];
      expectClose(Array.from(top.values), Array.from(all.values.slice(0, 2)), 1e-4, 1e-5);
      tf.dispose([x, square, all.vectors, top.vectors]);
    }));

  it("polar, nearestOrthogonal and randomOrthogonal are orthogonal; leastSquares solves", () =>
    expectTensorGrowth(0, async () => {
      const [x, b] = [a(), tf.tensor2d([[1], [2], [3], [4], [5]])];
      const factors = await polar(x);
      const [nearest, haar] = [await nearestOrthogonal(x), randomOrthogonal(5, 3, 1)];
      expectClose(await gram(nearest), identity(3));
      expectClose(await gram(haar), identity(3));
      const solution = await leastSquares(x, b);
      // The residual is orthogonal to the columns.
      expectClose(await read(() => tf.matMul(x, tf.sub(tf.matMul(x, solution), b) as tf.Tensor2D, true)), [0, 0, 0], 1e-4);
      expect(solution.shape).toEqual([3, 1]);
      tf.dispose([x, b, nearest, haar, solution, ...Object.values(factors).filter((value) => value instanceof tf.Tensor)]);
    }));
});

// What tfjs has wrong, lacks, or cannot derive twice, once each, small enough for a WebGPU driver made of software.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterAll, beforeAll, describe, it } from "vitest";
import { withKernels } from "./backend.fixture.js";
import { csrMatMul, hessianVectorProduct, registerGradients, unregisterGradients, withSecondOrderGradients } from "./index.js";

beforeAll(() => void registerGradients());
afterAll(() => unregisterGradients());

const read = async (tensor: tf.Tensor) => {
  const values = await tensor.data();
  tensor.dispose();
  return values;
};

describe("with registerGradients", () => {
  it("einsum has a gradient", () =>
    withKernels(["Einsum"], () =>
      expectTensorGrowth(0, async () => {
        const [a, b] = [tf.tensor2d([[1, 2], [3, 4]]), tf.tensor1d([5, 6])];
        expectClose(await read(tf.grad((x) => tf.sum(tf.einsum("ij,j->i", x, b)))(a)), [5, 6, 5, 6]);
        tf.dispose([a, b]);
      }),
    ));

  it("a batch normalization without scale has one", () =>
    expectTensorGrowth(0, async () => {
      const [x, zero, one] = [tf.tensor2d([[1, 2], [3, 4]]), tf.zeros([2]) as tf.Tensor1D, tf.ones([2]) as tf.Tensor1D];
      const slope = tf.grad((value) => tf.sum(tf.batchNorm2d(value as tf.Tensor2D, zero, one, undefined, undefined, 1e-6)));
      expectClose(await read(slope(x)), [1, 1, 1, 1], 1e-4);
      tf.dispose([x, zero, one]);
    }));
});

describe("csrMatMul", () => {
  it("finds the rows of its entries itself, whole rows empty too, time and again", () =>
    withKernels(["UnsortedSegmentSum"], () =>
      expectTensorGrowth(0, async () => {
        const indices = (values: number[]) => tf.tensor1d(values, "int32");
        const matrix = { rowPointers: indices([0, 2, 3, 3, 6, 7]), columnIndices: indices([1, 4, 0, 0, 2, 3, 4]), values: tf.tensor1d([1, 2, 3, 4, 5, 6, 7]), rows: 5, columns: 5 };
        const x = tf.tensor2d([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]]);
        for (let i = 0; i < 3; i++) expectClose(await read(csrMatMul(matrix, x)), [12, 120, 3, 30, 0, 0, 43, 430, 35, 350]);
        expectClose(await read(csrMatMul(matrix, x, { transpose: true })), [3 * 2 + 4 * 4, 220, 1, 10, 5 * 4, 200, 6 * 4, 240, 2 * 1 + 7 * 5, 370]);
        tf.dispose([x, matrix.rowPointers, matrix.columnIndices, matrix.values]);
      }),
    ));
});

describe("second order", () => {
  it("of tanh is −2 tanh (1 − tanh²)", () =>
    expectTensorGrowth(0, async () => {
      const x = tf.tensor1d([0.5, -1]);
      const second = withSecondOrderGradients(() => tf.grad((value) => tf.sum(tf.grad((inner) => tf.sum(tf.tanh(inner)))(value)))(x));
      expectClose(await read(second), [0.5, -1].map((value) => -2 * Math.tanh(value) * (1 - Math.tanh(value) ** 2)));
      x.dispose();
    }));

  it("gives a Hessian–vector product through a tanh layer: that of a central difference of gradients", () =>
    expectTensorGrowth(0, async () => {
      const w = tf.tidy(() => tf.variable(tf.tensor2d([[0.3, -0.2], [0.1, 0.4]])));
      const [x, v] = [tf.tensor2d([[1, 2], [-1, 0.5]]), tf.tensor2d([[1, 0], [-1, 2]])];
      const loss = () => tf.mean(tf.square(tf.tanh(tf.matMul(x, w as unknown as tf.Tensor2D)))) as tf.Scalar;
      const [product] = hessianVectorProduct(loss, [w], [v]) as [tf.Tensor];
      const difference = tf.tidy(() => {
        const [start, step] = [tf.clone(w), 2e-3];
        const gradientAt = (sign: number) => {
          w.assign(tf.add(start, tf.mul(v, sign * step)));
          return tf.variableGrads(loss, [w]).grads[w.name]!;
        };
        const slope = tf.div(tf.sub(gradientAt(1), gradientAt(-1)), 2 * step);
        w.assign(start);
        return slope;
      });
      expectClose(await product.data(), await difference.data(), 1e-3, 1e-3);
      tf.dispose([w, x, v, product, difference]);
    }));

  it("gives it for more variables than a WebGPU program may read", () =>
    expectTensorGrowth(0, async () => {
      const values = Array.from({ length: 12 }, (_, i) => i - 5);
      const ws = tf.tidy(() => values.map((value) => tf.variable(tf.scalar(value))));
      const one = tf.scalar(1);
      const loss = () => ws.map((w): tf.Tensor => tf.mul(w, tf.square(w))).reduce((sum, cube) => tf.add(sum, cube)) as tf.Scalar;
      const products = hessianVectorProduct(loss, ws, values.map(() => one));
      expectClose(await read(tf.tidy(() => tf.stack(products))), values.map((value) => 6 * value), 1e-5);
      tf.dispose([...ws, one, ...products]);
    }));
});

import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels, unregisterTrainingKernels } from "@warmstart/wasm-training";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { expectGradients, spread } from "./finite-differences.fixture.js";
import { csrMatMul, GradientsError, type CsrMatrix } from "./index.js";

const onWasm = process.env.WARMSTART_BACKEND === "wasm";
/** With the kernel, and of a gather and a segment sum, which WebAssembly has from the same package. */
const ways: [string, () => void][] = [["of a gather and a segment sum", () => void (onWasm && registerTrainingKernels({ except: ["CsrMatMul"] }))], ...(onWasm ? [["by the kernel", () => void registerTrainingKernels()] as [string, () => void]] : [])];

afterEach(() => void (onWasm && unregisterTrainingKernels()));

/** The entries that are not 0, in compressed rows. */
function compress(dense: number[][], columns: number): CsrMatrix {
  const entries = dense.map((row) => row.flatMap((value, column) => (value === 0 ? [] : [{ value, column }])));
  const rowPointers = [0];
  for (const row of entries) rowPointers.push(rowPointers.at(-1)! + row.length);
  const flat = entries.flat();
  return { rowPointers: tf.tensor1d(rowPointers, "int32"), columnIndices: tf.tensor1d(flat.map(({ column }) => column), "int32"), values: tf.tensor1d(flat.map(({ value }) => value), "float32"), rows: dense.length, columns };
}

const dispose = ({ rowPointers, columnIndices, values }: CsrMatrix) => tf.dispose([rowPointers, columnIndices, values]);

describe.each(ways)("csrMatMul %s", (_, register) => {
  it("multiplies: row 1 is empty, row 2 has two entries", async () => {
    register();
    const matrix = compress([[0, 2], [0, 0], [3, 4]], 2);
    const x = tf.tensor2d([[1, 10], [5, 7]]);
    const y = csrMatMul(matrix, x);
    expect(await y.array()).toEqual([[2 * 5, 2 * 7], [0, 0], [3 * 1 + 4 * 5, 3 * 10 + 4 * 7]]);
    tf.dispose([x, y]);
    dispose(matrix);
  });

  it("is the dense product for any matrix, also transposed, and leaves one tensor", async () => {
    register();
    const cases = fc.record({ rows: fc.integer({ min: 1, max: 7 }), columns: fc.integer({ min: 1, max: 7 }), d: fc.integer({ min: 1, max: 9 }), seed: fc.integer({ min: 1, max: 99 }), transpose: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, d, seed, transpose }) => {
        const dense = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => ((i * 7 + j * 3 + seed) % 3 === 0 ? ((i * 5 + j * 11 + seed) % 9) - 4 : 0)));
        const matrix = compress(dense, columns);
        const x = spread([transpose ? rows : columns, d], seed) as tf.Tensor2D;
        const y = await expectTensorGrowth(1, () => csrMatMul(matrix, x, { transpose }));
        const expected = tf.tidy(() => tf.matMul(tf.tensor2d(dense, [rows, columns]), x, transpose));
        expect(y.shape).toEqual(expected.shape);
        expectClose(await y.data(), await expected.data(), 1e-5, 1e-5);
        tf.dispose([x, y, expected]);
        dispose(matrix);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("has the gradients of finite differences towards values and x", async () => {
    register();
    for (const transpose of [false, true]) {
      const matrix = compress([[0, 2, 1], [0, 0, 0], [3, 4, 0], [0, -1, 2]], 3);
      const x = spread([transpose ? 4 : 3, 2], 2);
      await expectGradients((values, at) => csrMatMul({ ...matrix, values: values as tf.Tensor1D }, at as tf.Tensor2D, { transpose }), [matrix.values, x]);
      x.dispose();
      dispose(matrix);
    }
  });

  it("has the right gradient towards values also where it is computed in parts", async () => {
    register();
    const [rows, d] = [4, 2 ** 20];
    const matrix = compress([[1, 2, 0], [0, 3, 4], [5, 0, 6], [7, 8, 9]], 3);
    const x = tf.tidy(() => tf.mul(tf.ones([3, d]), tf.tensor2d([[1], [2], [3]]))) as tf.Tensor2D;
    const gradient = tf.tidy(() => tf.grad((values) => tf.mean(csrMatMul({ ...matrix, values: values as tf.Tensor1D }, x)))(matrix.values));
    expectClose(await gradient.data(), [1, 2, 2, 3, 1, 3, 1, 2, 3].map((row) => row / rows), 1e-5, 0);
    tf.dispose([x, gradient]);
    dispose(matrix);
  });

  it("has them inside of a function too, where values and x are disposed before the gradient is asked for", async () => {
    register();
    const matrix = compress([[0, 2, 1], [3, 4, 0]], 3);
    const x = spread([3, 2], 2);
    await expectGradients((values, at) => tf.tidy(() => csrMatMul({ ...matrix, values: tf.mul(values, 2) as tf.Tensor1D }, tf.square(at) as tf.Tensor2D)), [matrix.values, x]);
    x.dispose();
    dispose(matrix);
  });

  it("takes the row of each entry where that is at hand", async () => {
    register();
    const matrix = compress([[0, 2], [0, 0], [3, 4]], 2);
    const [x, rowIndices, wrong] = [tf.tensor2d([[1], [10]]), tf.tensor1d([0, 2, 2], "int32"), tf.tensor1d([0], "int32")];
    const y = csrMatMul({ ...matrix, rowIndices }, x);
    expect(await y.array()).toEqual([[20], [0], [43]]);
    expect(() => csrMatMul({ ...matrix, rowIndices: wrong }, x)).toThrow("csrMatMul: rowIndices must be int32 [3], got int32 [1]");
    tf.dispose([x, y, rowIndices, wrong]);
    dispose(matrix);
  });

  it("takes a matrix without entries", async () => {
    register();
    const matrix = compress([[0, 0], [0, 0], [0, 0]], 2);
    const x = tf.ones([2, 2]) as tf.Tensor2D;
    const y = csrMatMul(matrix, x);
    expect(await y.array()).toEqual([[0, 0], [0, 0], [0, 0]]);
    tf.dispose([x, y]);
    dispose(matrix);
  });

  it("says what does not fit, and leaves nothing", async () => {
    register();
    const matrix = compress([[0, 2], [3, 4]], 2);
    const x = tf.ones([2, 2]) as tf.Tensor2D;
    const floats = tf.tensor1d([0.5, 0, 1]);
    const three = tf.ones([3, 2]) as tf.Tensor2D;
    const cases: [() => void, string, string][] = [
      [() => csrMatMul({ ...matrix, rows: 3 }, x), "SHAPE_MISMATCH", "csrMatMul: rowPointers must be int32 [4], got int32 [3]"],
      [() => csrMatMul({ ...matrix, columnIndices: floats }, x), "SHAPE_MISMATCH", "csrMatMul: columnIndices must be int32 [any], got float32 [3]"],
      [() => csrMatMul({ ...matrix, values: x as never }, x), "SHAPE_MISMATCH", "csrMatMul: values must be float32 [3], got float32 [2, 2]"],
      [() => csrMatMul(matrix, three), "SHAPE_MISMATCH", "csrMatMul: x must be float32 [2, any], got float32 [3, 2]"],
      [() => csrMatMul({ ...matrix, columns: -1 }, x), "INVALID_OPTION", "csrMatMul: columns must be a whole number from 0 on, got -1"],
    ];
    for (const [attempt, code, message] of cases) {
      await expectTensorGrowth(0, () => {
        expect(attempt).toThrow(GradientsError);
        expect(attempt).toThrow(expect.objectContaining({ code, message }));
      });
    }
    tf.dispose([x, floats, three]);
    dispose(matrix);
  });
});

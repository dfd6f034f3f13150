import * as tf from "@tensorflow/tfjs";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "../index.js";
import { run, tensorOf, values } from "./compare.fixture.js";
import { csrMatMul } from "./csr-mat-mul.js";
import { csrSampledMatMul } from "./csr-sampled-mat-mul.js";

beforeAll(() => void registerTrainingKernels());

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly rowPointers: number[];
  readonly columnIndices: number[];
  readonly values: Float32Array;
}

/** Rows of 0 to 4 entries, some columns twice. */
function matrixOf(rows: number, columns: number, seed: number): Matrix {
  const random = values(rows * 6, seed);
  const rowPointers = [0];
  const columnIndices: number[] = [];
  for (let row = 0; row < rows; row++) {
    const count = columns === 0 ? 0 : Math.floor((random[row * 6]! + 1) * 2.4);
    for (let i = 0; i < count; i++) columnIndices.push(Math.floor(((random[row * 6 + 1 + i]! + 1) / 2) * columns));
    rowPointers.push(columnIndices.length);
  }
  return { rows, columns, rowPointers, columnIndices, values: values(columnIndices.length, seed + 1) };
}

function dense({ rows, columns, rowPointers, columnIndices, values: entries }: Matrix): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) for (let p = rowPointers[row]!; p < rowPointers[row + 1]!; p++) out[row * columns + columnIndices[p]!]! += entries[p]!;
  return out;
}

/** a "m k", transposed if told so, times b "k d". */
function times(a: Float64Array, rows: number, columns: number, transpose: boolean, x: ArrayLike<number>, d: number): Float64Array {
  const out = new Float64Array((transpose ? columns : rows) * d);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < columns; k++) for (let j = 0; j < d; j++) out[(transpose ? k : i) * d + j]! += a[i * columns + k]! * x[(transpose ? i : k) * d + j]!;
  }
  return out;
}

const indexTensors = (matrix: Matrix) => ({ rowPointers: tf.tensor1d(matrix.rowPointers, "int32"), columnIndices: tf.tensor1d(matrix.columnIndices, "int32") });
const product = (matrix: Matrix, entries: tf.Tensor, x: tf.Tensor, transpose: boolean): tf.Tensor =>
  tf.engine().runKernel("CsrMatMul", { ...indexTensors(matrix), values: entries, x } as never, { transpose, rows: matrix.rows, columns: matrix.columns });
const sampled = (matrix: Matrix, a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.engine().runKernel("CsrSampledMatMul", { ...indexTensors(matrix), a, b } as never, { rows: matrix.rows, columns: matrix.columns });

const cases = fc.record({ rows: fc.integer({ min: 0, max: 12 }), columns: fc.integer({ min: 0, max: 12 }), d: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 10, max: 45 })), seed: fc.integer({ min: 1, max: 999 }), transpose: fc.boolean() });

describe("CsrMatMul", () => {
  it("is the product with the dense matrix, in the module and on typed arrays", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, d, seed, transpose }) => {
        const matrix = matrixOf(rows, columns, seed);
        const x = tensorOf([transpose ? rows : columns, d], seed + 2);
        const expected = times(dense(matrix), rows, columns, transpose, await x.data(), d);
        const fallback = () => tf.engine().makeTensorFromTensorInfo(csrMatMul.fallback!({ inputs: { ...indexTensors(matrix), values: tf.tensor1d(matrix.values), x } as never, backend: tf.backend(), attrs: { transpose, rows, columns } }) as tf.TensorInfo);
        for (const f of [() => product(matrix, tf.tensor1d(matrix.values), x, transpose), fallback]) {
          const result = await run(f);
          expect(result.shape).toEqual([transpose ? columns : rows, d]);
          expectClose(result.values, expected, 1e-6, 1e-5);
        }
        x.dispose();
      }),
      { numRuns: 120, seed: 4 },
    );
  });

  it("differentiates with respect to values and x, also twice", async () => {
    for (const transpose of [false, true]) {
      const matrix = matrixOf(7, 5, 3);
      const x = tensorOf([transpose ? 7 : 5, 6], 8);
      const entries = tf.tensor1d(matrix.values);
      // Through the dense matrix, whose entries are gathered from the values by a one-hot product.
      const places = matrix.rowPointers.slice(1).flatMap((end, row) => matrix.columnIndices.slice(matrix.rowPointers[row], end).map((column) => row * 5 + column));
      const spread = tf.tidy(() => tf.oneHot(tf.tensor1d(places, "int32"), 35));
      const byDense = (v: tf.Tensor, t: tf.Tensor) => tf.sum(tf.square(tf.matMul(tf.reshape(tf.matMul(tf.reshape(v, [1, -1]), tf.cast(spread, "float32") as tf.Tensor2D), [7, 5]) as tf.Tensor2D, t as tf.Tensor2D, transpose)));
      const bySparse = (v: tf.Tensor, t: tf.Tensor) => tf.sum(tf.square(product(matrix, v, t, transpose)));
      for (const which of [0, 1] as const) {
        const gradient = (f: typeof byDense) => run(() => tf.grads(f as (...args: tf.Tensor[]) => tf.Tensor)([entries, x])[which]!);
        expectClose((await gradient(bySparse)).values, (await gradient(byDense)).values, 1e-5, 1e-5);
        const second = (f: typeof byDense) =>
          run(() => tf.grad((t) => tf.sum(tf.square(tf.grads(f as (...args: tf.Tensor[]) => tf.Tensor)(which === 0 ? [t, x] : [entries, t])[which]!)))(which === 0 ? entries : x));
        expectClose((await second(bySparse)).values, (await second(byDense)).values, 1e-3, 1e-4);
      }
      tf.dispose([x, entries, spread]);
    }
  });

  it("leaves nothing when it throws, and says what is wrong with the matrix", () => {
    const good = { rowPointers: [0, 1, 3], columnIndices: [2, 0, 1], values: [1, 2, 3], rows: 2, columns: 3, transpose: false };
    const attempt = (change: Partial<Record<keyof typeof good, unknown>>, types: { pointers?: "float32"; indices?: "float32" } = {}, x: number[] = [3, 2]) => {
      const { rowPointers, columnIndices, values: entries, ...attrs } = { ...good, ...change } as typeof good;
      return () => tf.tidy(() => void tf.engine().runKernel("CsrMatMul", { rowPointers: tf.tensor1d(rowPointers, types.pointers ?? "int32"), columnIndices: tf.tensor1d(columnIndices, types.indices ?? "int32"), values: tf.tensor1d(entries), x: tf.ones(x) }, attrs));
    };
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    expect(attempt({})).not.toThrow();
    expect(attempt({ columnIndices: [2, 0, 3] })).toThrow("CsrMatMul: columnIndices must be in [0, 3), got 3 at position 2");
    expect(attempt({ columnIndices: [-1, 0, 1] })).toThrow("CsrMatMul: columnIndices must be in [0, 3), got -1 at position 0");
    expect(attempt({ columnIndices: [2, 0.5, 1] }, { indices: "float32" })).toThrow("CsrMatMul: columnIndices must be int32 [3], got float32 [3]");
    expect(attempt({}, { pointers: "float32" })).toThrow("CsrMatMul: rowPointers must be int32 [3], got float32 [3]");
    expect(attempt({ rowPointers: [0, 3] })).toThrow("CsrMatMul: rowPointers must be int32 [3], got int32 [2]");
    expect(attempt({ rowPointers: [0, 4, 3] })).toThrow("CsrMatMul: rowPointers must not decrease, got 4 and then 3 at position 2");
    expect(attempt({ rowPointers: [0, 1, 2] })).toThrow("CsrMatMul: rowPointers must go from 0 to the number of values, 3, got 0 to 2");
    expect(attempt({ values: [1, 2] })).toThrow("CsrMatMul: values must be float32 [3], got float32 [2]");
    expect(attempt({}, {}, [2, 2])).toThrow("CsrMatMul: x must be float32 [3, any], got float32 [2, 2]");
    expect(attempt({}, {}, [3])).toThrow("CsrMatMul: x must be float32 [3, any], got float32 [3]");
    expect(attempt({ rows: 1.5 })).toThrow("CsrMatMul: rows and columns must be whole numbers from 0 on, got 1.5 and 3");
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  });

  it("takes its gradient away with it", () => {
    expect(tf.getGradient("CsrMatMul")).toBeDefined();
    unregisterTrainingKernels({ only: ["CsrMatMul"] });
    expect([tf.getGradient("CsrMatMul"), tf.getKernel("CsrMatMul", "wasm")]).toEqual([undefined, undefined]);
    expect(tf.getGradient("CsrSampledMatMul")).toBeDefined();
    registerTrainingKernels();
    expect(tf.getGradient("CsrMatMul")).toBeDefined();
  });
});

describe("CsrSampledMatMul", () => {
  it("is the entries of a bᵀ that the matrix has, in the module and on typed arrays", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ rows, columns, d, seed }) => {
        const matrix = matrixOf(rows, columns, seed);
        const [a, b] = [tensorOf([rows, d], seed + 2), tensorOf([columns, d], seed + 3)];
        const [x, y] = [await a.data(), await b.data()];
        const expected = matrix.rowPointers.slice(1).flatMap((end, row) => matrix.columnIndices.slice(matrix.rowPointers[row], end).map((column) => Array.from({ length: d }, (_, j) => x[row * d + j]! * y[column * d + j]!).reduce((sum, v) => sum + v, 0)));
        const fallback = () => tf.engine().makeTensorFromTensorInfo(csrSampledMatMul.fallback!({ inputs: { ...indexTensors(matrix), a, b } as never, backend: tf.backend(), attrs: { rows, columns } }) as tf.TensorInfo);
        for (const f of [() => sampled(matrix, a, b), fallback]) expectClose((await run(f)).values, expected, 1e-6, 1e-5);
        tf.dispose([a, b]);
      }),
      { numRuns: 80, seed: 5 },
    );
  });

  it("says what does not fit", () => {
    const matrix = matrixOf(2, 3, 1);
    expect(() => tf.tidy(() => void sampled(matrix, tf.ones([3, 2]), tf.ones([3, 2])))).toThrow("CsrSampledMatMul: a must be float32 [2, any], got float32 [3, 2]");
    expect(() => tf.tidy(() => void sampled(matrix, tf.ones([2, 2]), tf.ones([3, 4])))).toThrow("CsrSampledMatMul: b must be float32 [3, 2], got float32 [3, 4]");
  });
});

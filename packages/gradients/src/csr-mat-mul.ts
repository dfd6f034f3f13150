import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import { gatherRows } from "./gather-rows.js";
import { record, runKernel } from "./kernel.js";
import { tensorFlowBackend, tensorFlowProduct, type TensorFlowBackend } from "./tensorflow-operations.js";

/** A sparse matrix `"rows columns"` in compressed rows: row r has the entries from `rowPointers[r]` up to `rowPointers[r + 1]`. */
export interface CsrMatrix {
  /** int32 `"rows+1"`, from 0 to the number of entries, never decreasing. */
  readonly rowPointers: Tensor1D;
  /** int32 `"nnz"`: the column of each entry, in `[0, columns)`. */
  readonly columnIndices: Tensor1D;
  /** float32 `"nnz"`. */
  readonly values: Tensor1D;
  readonly rows: number;
  readonly columns: number;
  /** int32 `"nnz"`: the row of each entry, where that is at hand. Without a kernel it is needed, and else computed at every call. */
  readonly rowIndices?: Tensor1D;
}

export interface CsrMatMulOptions {
  /** Multiply by the transposed matrix. Default false. */
  readonly transpose?: boolean;
}

/**
 * A sparse matrix A times a dense one: `"rows d" = A x`, x float32 `"columns d"`; transposed `"columns d" = Aᵀ x`, x `"rows d"`.
 * Runs the kernel `CsrMatMul` where the backend has it (`@warmstart/wasm-training` brings it to WebAssembly), TensorFlow's own
 * product on tfjs-node, else a gather and a segment sum, which make a tensor `"nnz d"`. Differentiable towards `values` and `x`. Nothing is read back, so only the kernel
 * checks what stands in `rowPointers` and `columnIndices`. The caller disposes the result.
 *
 * @throws {GradientsError} SHAPE_MISMATCH for shapes or dtypes that do not fit; INVALID_OPTION for sizes that are none.
 *
 * @example
 * // [[0, 2], [3, 0]] times a column
 * const matrix = { rowPointers: tf.tensor1d([0, 1, 2], "int32"), columnIndices: tf.tensor1d([1, 0], "int32"), values: tf.tensor1d([2, 3]), rows: 2, columns: 2 };
 * csrMatMul(matrix, tf.tensor2d([[1], [10]])).print(); // [[20], [3]]
 */
export function csrMatMul(matrix: CsrMatrix, x: Tensor2D, { transpose = false }: CsrMatMulOptions = {}): Tensor2D {
  check(matrix, x, transpose);
  const { rowPointers, columnIndices, values, rows, columns } = matrix;
  if (tf.getKernel(kernelName, tf.getBackend())) return runKernel(kernelName, { rowPointers, columnIndices, values, x }, { transpose, rows, columns }) as Tensor2D;
  const tensorFlow = tensorFlowBackend();
  if (tensorFlow !== undefined && columnIndices.size > 0) return productOnTensorFlow(tensorFlow, matrix, x, transpose);
  return tf.tidy(() => {
    const rowIndices = rowIndicesOf(matrix);
    const [from, to, segments] = transpose ? ([rowIndices, columnIndices, columns] as const) : ([columnIndices, rowIndices, rows] as const);
    return tf.unsortedSegmentSum(tf.mul(tf.gather(x, from), tf.expandDims(values, 1)), to, segments) as Tensor2D;
  });
}

const kernelName = "CsrMatMul";

function productOnTensorFlow(backend: TensorFlowBackend, matrix: CsrMatrix, x: Tensor2D, transpose: boolean): Tensor2D {
  const { rowPointers, columnIndices, values, rowIndices } = matrix;
  const product = () => tf.tidy(() => tensorFlowProduct(backend, { ...matrix, rowIndices: rowIndicesOf(matrix) }, x, transpose));
  const needed = [values, x, rowPointers, columnIndices, ...(rowIndices === undefined ? [] : [rowIndices])];
  const gradients = (dy: Tensor, saved: readonly Tensor[]) => {
    // The tensors themselves where they are still there, since the tape knows how they came about: for gradients of gradients.
    const [values, dense, rowPointers, columnIndices, rowIndices] = needed.map((tensor, i) => (tensor.isDisposed ? saved[i]! : tensor)) as [Tensor1D, Tensor2D, Tensor1D, Tensor1D, Tensor1D?];
    const kept: CsrMatrix = { ...matrix, values, rowPointers, columnIndices, ...(rowIndices === undefined ? {} : { rowIndices }) };
    const [left, right] = transpose ? [dense, dy] : [dy, dense];
    return {
      values: () => tf.tidy(() => sampledProduct(left as Tensor2D, right as Tensor2D, rowIndicesOf(kept), columnIndices)),
      x: () => csrMatMul(kept, dy as Tensor2D, { transpose: !transpose }),
    };
  };
  return record({ values, x }, product, gradients, needed) as Tensor2D;
}

/** `"nnz"`: of `left · rightᵀ` the entries at the coordinates; a part at a time, so that no tensor of a row an entry is made, and few enough parts that calls do not count. */
function sampledProduct(left: Tensor2D, right: Tensor2D, rowIndices: Tensor1D, columnIndices: Tensor1D): Tensor1D {
  const count = columnIndices.size;
  const step = Math.max(1, Math.floor(2 ** 22 / Math.max(1, left.shape[1])));
  const parts: Tensor1D[] = [];
  for (let begin = 0; begin < count; begin += step) {
    const size = Math.min(step, count - begin);
    const rowsAt = (x: Tensor2D, indices: Tensor1D) => gatherRows(x, tf.slice(indices, begin, size));
    parts.push(tf.tidy(() => tf.sum(tf.mul(rowsAt(left, rowIndices), rowsAt(right, columnIndices)), 1)));
  }
  return tf.concat(parts);
}

/** The row of each entry: how many rows have ended up to there. */
function rowIndicesOf({ rowPointers, columnIndices, rowIndices }: CsrMatrix): Tensor1D {
  if (rowIndices !== undefined) return rowIndices;
  const [rows, count] = [rowPointers.size - 1, columnIndices.size];
  if (rows < 2 || count === 0) return tf.zeros([count], "int32");
  const ends = tf.slice(rowPointers, 1, rows - 1);
  if (tf.getKernel("SearchSorted", tf.getBackend())) return tf.reshape(tf.upperBound(ends, tf.range(0, count, 1, "int32")), [count]);
  // tfjs-node has no such kernel. (No way for WebGPU, where tfjs 4.22 sums int32 segments wrongly: it reads entries as float32 and adds their bits.)
  // Where the rows but the first begin; an end of all entries falls into a place that is cut off.
  const begins = tf.unsortedSegmentSum(tf.ones([rows - 1], "int32"), ends, count + 1);
  return tf.cumsum(tf.slice(begins, 0, count)) as Tensor1D;
}

function check({ rowPointers, columnIndices, values, rows, columns, rowIndices }: CsrMatrix, x: Tensor, transpose: boolean): void {
  for (const [name, size] of Object.entries({ rows, columns })) {
    if (!Number.isInteger(size) || size < 0) throw new GradientsError("INVALID_OPTION", `csrMatMul: ${name} must be a whole number from 0 on, got ${size}`, { [name]: size });
  }
  const expect = (name: string, { shape, dtype }: Tensor, wantedType: string, wanted: readonly (number | "any")[]) => {
    if (dtype === wantedType && shape.length === wanted.length && shape.every((size, i) => wanted[i] === "any" || size === wanted[i])) return;
    throw new GradientsError("SHAPE_MISMATCH", `csrMatMul: ${name} must be ${wantedType} [${wanted.join(", ")}], got ${dtype} [${shape.join(", ")}]`, { name, shape, dtype });
  };
  expect("rowPointers", rowPointers, "int32", [rows + 1]);
  expect("columnIndices", columnIndices, "int32", ["any"]);
  expect("values", values, "float32", [columnIndices.size]);
  if (rowIndices !== undefined) expect("rowIndices", rowIndices, "int32", [columnIndices.size]);
  expect("x", x, "float32", [transpose ? rows : columns, "any"]);
}

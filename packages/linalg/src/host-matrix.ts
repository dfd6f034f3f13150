// Small matrices on the host, float64, and their way to and from the backend.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";

/** Transpose of a row-major `"rows columns"` matrix. */
export function transposed(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j]!;
  return out;
}

/** The first `count` of the `columns` columns of a row-major matrix. */
export function leadingColumns(x: Float64Array, columns: number, count: number): Float64Array {
  const rows = x.length / columns;
  const out = new Float64Array(rows * count);
  for (let i = 0; i < rows; i++) out.set(x.subarray(i * columns, i * columns + count), i * count);
  return out;
}

/** Uploads a row-major host matrix. */
export function upload(data: Float64Array, rows: number, columns: number): Tensor2D {
  return tf.tensor2d(Float32Array.from(data), [rows, columns]);
}

/** Uploads host columns that lie one after the other. */
export function uploadColumns(data: Float64Array, rows: number, columns: number): Tensor2D {
  return upload(transposed(data, columns, rows), rows, columns);
}

/** Reads a tensor and disposes it. */
export async function read(t: tf.Tensor): Promise<Float32Array> {
  try {
    return (await t.data()) as Float32Array;
  } finally {
    t.dispose();
  }
}

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/** How many last axes of `shape` a vector of this shape covers, all of them or none; 0 where it is not broadcast along the others. */
function innerSize(row: readonly number[], shape: readonly number[]): number {
  const first = row.findIndex((size) => size !== 1);
  if (first < 0 || row.length > shape.length) return 0;
  const own = row.slice(first);
  return own.every((size, i) => size === shape[shape.length - own.length + i]) ? sizeOf(own) : 0;
}

/** Wider rows the backend does as fast. */
const WIDEST = 48;

/** The operation by number, for `x ∘ row` and for `row ∘ x`. */
function rowKernel(name: string, forward: number, reversed: number): TrainingKernel {
  return {
    name,
    mode: "replace",
    run: (runtime, { a: left, b: right }) => {
      const [a, b] = [left!, right!];
      if (a.dtype !== "float32" || b.dtype !== "float32") return undefined;
      const [sizeA, sizeB] = [sizeOf(a.shape), sizeOf(b.shape)];
      if (sizeA === sizeB || sizeA === 0 || sizeB === 0) return undefined;
      const [x, row, operation]: [TensorInfo, TensorInfo, number] = sizeA > sizeB ? [a, b, forward] : [b, a, reversed];
      const inner = innerSize(row.shape, x.shape);
      if (inner === 0 || inner > WIDEST) return undefined;
      const out = runtime.output(x.shape, "float32");
      runtime.module.combineRows(operation, runtime.offset(x), runtime.offset(row), runtime.offset(out), sizeOf(x.shape) / inner, inner);
      return out;
    },
  };
}

// Only where a short vector meets every row, which the backend does with a call a row: the bias of a convolution, and most of a batch
// normalization's gradient. Equal shapes, scalars and other broadcasts stay with the backend, which is as fast.
export const add = rowKernel("Add", 0, 0);
export const subtract = rowKernel("Sub", 1, 2);
export const multiply = rowKernel("Multiply", 3, 3);
export const divide = rowKernel("RealDiv", 4, 5);

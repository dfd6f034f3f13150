import type { GradConfig, KernelFunc, NamedAttrMap, Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import type { TrainingKernel } from "../training-kernel.js";
import { arrays, csrOf, heap, productName, runKernel, sampledName, visit, type Csr, type Inputs, type Ints } from "./csr-matrix.js";
import { expectShape } from "./expect-shape.js";

/** The sides of y = A x, or y = Aᵀ x. */
function productOf(inputs: Inputs, attrs: NamedAttrMap | undefined, ints: Ints): Csr & { transpose: boolean; values: TensorInfo; x: TensorInfo; shape: [number, number] } {
  const csr = csrOf(productName, inputs, attrs, ints);
  const transpose = Boolean(attrs!.transpose);
  const { values, x } = inputs as { values: TensorInfo; x: TensorInfo };
  expectShape(productName, "values", values, "float32", [csr.indices.shape[0]!]);
  expectShape(productName, "x", x, "float32", [transpose ? csr.rows : csr.columns, "any"]);
  return { ...csr, transpose, values, x, shape: [transpose ? csr.columns : csr.rows, x.shape[1]!] };
}

const productOnTypedArrays: KernelFunc = ({ inputs, attrs, backend }) => {
  const { backend: own, ints, floats } = arrays(backend);
  const call = productOf(inputs as Inputs, attrs, ints);
  const d = call.shape[1];
  const out = own.makeOutput(call.shape, "float32");
  const [v, x, y] = [call.values, call.x, out].map(floats) as [Float32Array, Float32Array, Float32Array];
  y.fill(0);
  visit(call, ints, (p, row, column) => {
    const [from, to] = call.transpose ? [row, column] : [column, row];
    for (let j = 0; j < d; j++) y[to * d + j] = y[to * d + j]! + v[p]! * x[from * d + j]!;
  });
  return out;
};

const productGradient: GradConfig = {
  kernelName: productName,
  inputsToSave: ["rowPointers", "columnIndices", "values", "x"],
  gradFunc: (dy, saved, attrs) => {
    const [rowPointers, columnIndices, values, x] = saved as [Tensor, Tensor, Tensor, Tensor];
    const { transpose, rows, columns } = attrs as unknown as { transpose: boolean; rows: number; columns: number };
    const [a, b] = (transpose ? [x, dy] : [dy, x]) as [Tensor, Tensor];
    return {
      values: () => runKernel(sampledName, { rowPointers, columnIndices, a, b }, { rows, columns }),
      x: () => runKernel(productName, { rowPointers, columnIndices, values, x: dy as Tensor }, { transpose: !transpose, rows, columns }),
    };
  },
};

/**
 * `y "rows d" = A x`, with A `"rows columns"` in compressed rows: `rowPointers` int32 `"rows+1"`, `columnIndices` int32 `"nnz"`,
 * `values` `"nnz"`, and x `"columns d"`; with `transpose`, `y "columns d" = Aᵀ x`, x `"rows d"`. Attributes: transpose, rows, columns.
 */
export const csrMatMul: TrainingKernel = {
  name: productName,
  mode: "add",
  gradient: productGradient,
  fallback: productOnTypedArrays,
  run: (runtime, inputs, attrs) => {
    const { ints, offsets } = heap(runtime);
    const call = productOf(inputs, attrs as NamedAttrMap, ints);
    const out = runtime.output(call.shape, "float32");
    const [pointers, indices, values, x, y] = offsets(call.pointers, call.indices, call.values, call.x, out) as [number, number, number, number, number];
    if (call.transpose) runtime.module.csrMultiplyTransposed(pointers, indices, values, x, y, call.rows, call.columns, call.shape[1]);
    else runtime.module.csrMultiply(pointers, indices, values, x, y, call.rows, call.shape[1]);
    return out;
  },
};

import type { KernelFunc, NamedAttrMap, Tensor, TensorInfo } from "@tensorflow/tfjs-core";
import type { TrainingKernel } from "../training-kernel.js";
import { arrays, csrOf, heap, productName, runKernel, sampledName, visit, type Csr, type Inputs, type Ints } from "./csr-matrix.js";
import { expectShape } from "./expect-shape.js";

function sampledOf(inputs: Inputs, attrs: NamedAttrMap | undefined, ints: Ints): Csr & { a: TensorInfo; b: TensorInfo; d: number } {
  const csr = csrOf(sampledName, inputs, attrs, ints);
  const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
  expectShape(sampledName, "a", a, "float32", [csr.rows, "any"]);
  expectShape(sampledName, "b", b, "float32", [csr.columns, a.shape[1]!]);
  return { ...csr, a, b, d: a.shape[1]! };
}

const sampledOnTypedArrays: KernelFunc = ({ inputs, attrs, backend }) => {
  const { backend: own, ints, floats } = arrays(backend);
  const call = sampledOf(inputs as Inputs, attrs, ints);
  const out = own.makeOutput(call.indices.shape, "float32");
  const [a, b, y] = [call.a, call.b, out].map(floats) as [Float32Array, Float32Array, Float32Array];
  visit(call, ints, (p, row, column) => {
    let sum = 0;
    for (let j = 0; j < call.d; j++) sum += a[row * call.d + j]! * b[column * call.d + j]!;
    y[p] = sum;
  });
  return out;
};

/** The entries that A has of `a "rows d" · bᵀ`, `b "columns d"`, in the order of A's values: the gradient of `CsrMatMul` there. */
export const csrSampledMatMul: TrainingKernel = {
  name: sampledName,
  mode: "add",
  gradient: {
    kernelName: sampledName,
    inputsToSave: ["rowPointers", "columnIndices", "a", "b"],
    gradFunc: (dy, saved, attrs) => {
      const [rowPointers, columnIndices, a, b] = saved as [Tensor, Tensor, Tensor, Tensor];
      const product = (x: Tensor, transpose: boolean) => () => runKernel(productName, { rowPointers, columnIndices, values: dy as Tensor, x }, { ...attrs, transpose });
      return { a: product(b, false), b: product(a, true) };
    },
  },
  fallback: sampledOnTypedArrays,
  run: (runtime, inputs, attrs) => {
    const { ints, offsets } = heap(runtime);
    const call = sampledOf(inputs, attrs as NamedAttrMap, ints);
    const out = runtime.output(call.indices.shape, "float32");
    const [pointers, indices, a, b, y] = offsets(call.pointers, call.indices, call.a, call.b, out) as [number, number, number, number, number];
    runtime.module.csrSampled(pointers, indices, a, b, y, call.rows, call.d);
    return out;
  },
};

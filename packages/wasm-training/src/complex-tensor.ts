import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import type { WasmBackend } from "./wasm-backend.js";

// A complex tensor `"…"` is kept as the float32 tensor `"… 2"`: re and im side by side, in one allocation that the backend knows
// as float32. So `await t.data()` gives what it gives on the cpu backend, and all that only moves elements works on the pairs.

type Holder = Pick<WasmBackend, "dataIdMap">;

/** The pairs of a complex tensor, as a float32 tensor on the same data. */
export function pairsOf(backend: Holder, x: TensorInfo): TensorInfo {
  const data = backend.dataIdMap.get(x.dataId);
  if (data.dtype === "complex64") {
    // It comes from another backend, and tfjs has just copied its pairs here.
    data.dtype = "float32";
    data.shape = [...data.shape, 2];
  }
  return { dataId: x.dataId, shape: [...x.shape, 2], dtype: "float32" };
}

/** The complex tensor whose pairs these are. */
export const complexOf = (pairs: TensorInfo): TensorInfo => ({ dataId: pairs.dataId, shape: pairs.shape.slice(0, -1), dtype: "complex64" as DataType });

export const isComplex = (tensor: TensorInfo | null | undefined): tensor is TensorInfo & { dtype: "complex64" } => tensor?.dtype === "complex64";

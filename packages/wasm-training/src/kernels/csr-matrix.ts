import { engine, type NamedAttrMap, type Tensor, type TensorInfo } from "@tensorflow/tfjs-core";
import type { Runtime } from "../runtime.js";
import type { TypedArrayBackend } from "../typed-arrays.js";
import { expectShape } from "./expect-shape.js";

// The kernels that each other's gradients are.
export const productName = "CsrMatMul";
export const sampledName = "CsrSampledMatMul";

export type Inputs = Readonly<Record<string, TensorInfo>>;
export type Ints = (tensor: TensorInfo) => Int32Array;
type Floats = (tensor: TensorInfo) => Float32Array;

/** A sparse matrix `"rows columns"` in compressed rows, as it comes with a call. */
export interface Csr {
  readonly rows: number;
  readonly columns: number;
  readonly pointers: TensorInfo;
  readonly indices: TensorInfo;
}

export function csrOf(name: string, { rowPointers: pointers, columnIndices: indices }: Inputs, attrs: NamedAttrMap | undefined, ints: Ints): Csr {
  const { rows, columns } = attrs as { rows?: unknown; columns?: unknown };
  if (!isSize(rows) || !isSize(columns)) throw new Error(`${name}: rows and columns must be whole numbers from 0 on, got ${String(rows)} and ${String(columns)}`);
  expectShape(name, "rowPointers", pointers!, "int32", [rows + 1]);
  expectShape(name, "columnIndices", indices!, "int32", [indices!.shape[0] ?? 0]);
  const [starts, ids, count] = [ints(pointers!), ints(indices!), indices!.shape[0]!];
  if (starts[0] !== 0 || starts[rows] !== count) throw new Error(`${name}: rowPointers must go from 0 to the number of values, ${count}, got ${starts[0]} to ${starts[rows]}`);
  const row = starts.findIndex((start, i) => i > 0 && start < starts[i - 1]!);
  if (row >= 0) throw new Error(`${name}: rowPointers must not decrease, got ${starts[row - 1]} and then ${starts[row]} at position ${row}`);
  const wrong = ids.findIndex((id) => id < 0 || id >= columns);
  if (wrong >= 0) throw new Error(`${name}: columnIndices must be in [0, ${columns}), got ${ids[wrong]} at position ${wrong}`);
  return { rows, columns, pointers: pointers!, indices: indices! };
}

const isSize = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0;

export const heap = (runtime: Runtime): { ints: Ints; offsets: (...tensors: TensorInfo[]) => number[] } => ({
  ints: (tensor) => runtime.ints(runtime.offset(tensor), tensor.shape[0]!),
  offsets: (...tensors) => tensors.map((tensor) => runtime.offset(tensor)),
});

export const arrays = (backend: object): { backend: TypedArrayBackend; ints: Ints; floats: Floats } => {
  const own = backend as TypedArrayBackend;
  return { backend: own, ints: (tensor) => own.typedArrayFromHeap(tensor) as Int32Array, floats: (tensor) => own.typedArrayFromHeap(tensor) as Float32Array };
};

/** Calls `f` for every entry of the matrix. */
export function visit(csr: Csr, ints: Ints, f: (p: number, row: number, column: number) => void): void {
  const [starts, ids] = [ints(csr.pointers), ints(csr.indices)];
  for (let row = 0; row < csr.rows; row++) for (let p = starts[row]!; p < starts[row + 1]!; p++) f(p, row, ids[p]!);
}

export const runKernel = (name: string, inputs: Record<string, Tensor>, attrs: object): Tensor => engine().runKernel(name, inputs, attrs as NamedAttrMap);

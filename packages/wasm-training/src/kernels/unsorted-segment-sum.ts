import { util, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/** How the rows of x lie, or undefined for what cannot be summed by segment. */
function rowsOf(x: TensorInfo, ids: TensorInfo, numSegments: number): { count: number; size: number; shape: number[] } | undefined {
  if ((x.dtype !== "float32" && x.dtype !== "int32") || ids.dtype !== "int32") return undefined;
  if (ids.shape.length > x.shape.length || ids.shape.some((size, i) => size !== x.shape[i])) return undefined;
  const rest = x.shape.slice(ids.shape.length);
  return { count: sizeOf(ids.shape), size: sizeOf(rest), shape: [numSegments, ...rest] };
}

interface TypedArrayBackend {
  makeOutput(shape: number[], dtype: string): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
}

/** On typed arrays, for a backend whose memory the module cannot share. */
const onTypedArrays: KernelFunc = ({ inputs, backend, attrs }) => {
  const { x, segmentIds } = inputs as unknown as { x: TensorInfo; segmentIds: TensorInfo };
  const numSegments = Number(attrs?.numSegments);
  const rows = rowsOf(x, segmentIds, numSegments);
  util.assert(rows !== undefined, () => `UnsortedSegmentSum: segment ids of shape [${segmentIds.shape}] and dtype ${segmentIds.dtype} do not select rows of a ${x.dtype} tensor of shape [${x.shape}]`);
  const { count, size, shape } = rows!;
  const arrays = backend as unknown as TypedArrayBackend;
  const out = arrays.makeOutput(shape, x.dtype);
  const [from, ids, to] = [x, segmentIds, out].map((tensor) => arrays.typedArrayFromHeap(tensor)) as [Float32Array, Int32Array, Float32Array];
  to.fill(0);
  for (let i = 0; i < count; i++) {
    const id = ids[i]!;
    if (id < 0 || id >= numSegments) continue;
    for (let j = 0; j < size; j++) to[id * size + j] = to[id * size + j]! + from[i * size + j]!;
  }
  return out;
};

/** The gradient of an embedding, and sums over the neighbours in a graph; tfjs has none on WebAssembly. Ids out of range are left out, as on cpu. */
export const unsortedSegmentSum: TrainingKernel = {
  name: "UnsortedSegmentSum",
  mode: "add",
  fallback: onTypedArrays,
  run: (runtime, { x, segmentIds }, attrs) => {
    const numSegments = Number(attrs.numSegments);
    const rows = rowsOf(x!, segmentIds!, numSegments);
    if (rows === undefined) return undefined;
    const out = runtime.output(rows.shape, x!.dtype);
    const sum = x!.dtype === "int32" ? runtime.module.segmentSumInt : runtime.module.segmentSum;
    if (sizeOf(rows.shape) > 0) sum(runtime.offset(x!), runtime.offset(segmentIds!), runtime.offset(out), rows.count, rows.size, numSegments);
    return out;
  },
};

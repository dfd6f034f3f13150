import type { TensorInfo } from "@tensorflow/tfjs-core";

/** What the kernels need of a backend whose memory the module cannot share. */
export interface TypedArrayBackend {
  makeOutput(shape: readonly number[], dtype: string): TensorInfo;
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array;
}

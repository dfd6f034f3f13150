// Operations of TensorFlow itself: tfjs-node can run any of its C library, but has no kernel for the sparse product, none for batch
// normalization in training, and one for gather that reads all indices back to check them, which takes fifteen times as long as the operation.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from "@tensorflow/tfjs-core";

/** The part of tfjs-node's backend that is used here. */
export interface TensorFlowBackend {
  readonly binding: { readonly TF_ATTR_INT: number; readonly TF_ATTR_TYPE: number; readonly TF_ATTR_BOOL: number; readonly TF_ATTR_FLOAT: number; readonly TF_ATTR_STRING: number; readonly TF_FLOAT: number; readonly TF_INT32: number; readonly TF_INT64: number };
  readonly tensorMap: { set(dataId: object, data: object): void };
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(operation: string, attributes: readonly object[], inputs: readonly object[]): Tensor;
  executeMultipleOutputs(operation: string, attributes: readonly object[], inputs: readonly object[], outputs: number): Tensor[];
  disposeData(dataId: object, force: boolean): boolean;
}

/** The backend where it is TensorFlow's, by what it can do. */
export function tensorFlowBackend(): TensorFlowBackend | undefined {
  const backend = tf.backend() as unknown as Partial<TensorFlowBackend>;
  return typeof backend.executeSingleOutput === "function" && backend.binding !== undefined && backend.tensorMap !== undefined ? (backend as TensorFlowBackend) : undefined;
}

interface Coordinates {
  /** int32 `"nnz"` */
  readonly rowIndices: Tensor1D;
  /** int32 `"nnz"` */
  readonly columnIndices: Tensor1D;
  /** `"nnz"` */
  readonly values: Tensor1D;
  readonly rows: number;
  readonly columns: number;
}

/** A x, or Aᵀ x, with A by coordinates. Not recorded for gradients. */
export function tensorFlowProduct(backend: TensorFlowBackend, { rowIndices, columnIndices, values, rows, columns }: Coordinates, x: Tensor2D, transpose: boolean): Tensor2D {
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT, TF_INT32, TF_INT64 } = backend.binding;
  // The shape must be int64, which tfjs has not: each number as two of 32 bits, the lower first.
  const shape = { dataId: {} };
  backend.tensorMap.set(shape.dataId, { shape: [2], dtype: TF_INT64, values: Int32Array.of(rows, 0, columns, 0), id: -1, refCount: 1 });
  const indices = tf.stack([rowIndices, columnIndices], 1);
  try {
    const attributes = [
      { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: "Tindices", type: TF_ATTR_TYPE, value: TF_INT32 },
      { name: "adjoint_a", type: TF_ATTR_BOOL, value: transpose },
      { name: "adjoint_b", type: TF_ATTR_BOOL, value: false },
    ];
    return backend.executeSingleOutput("SparseTensorDenseMatMul", attributes, [indices, values, shape, x]) as Tensor2D;
  } finally {
    indices.dispose();
    backend.disposeData(shape.dataId, true);
  }
}

/** The rows of x at `indices`. Not recorded for gradients; TensorFlow throws for an index out of range. */
export function tensorFlowGather(backend: TensorFlowBackend, x: Tensor, indices: Tensor): Tensor {
  const { TF_ATTR_INT, TF_ATTR_TYPE, TF_FLOAT, TF_INT32 } = backend.binding;
  const axis = tf.scalar(0, "int32");
  try {
    const attributes = [
      { name: "batch_dims", type: TF_ATTR_INT, value: 0 },
      { name: "Tparams", type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: "Tindices", type: TF_ATTR_TYPE, value: TF_INT32 },
      { name: "Taxis", type: TF_ATTR_TYPE, value: TF_INT32 },
    ];
    return backend.executeSingleOutput("GatherV2", attributes, [x, indices, axis]);
  } finally {
    axis.dispose();
  }
}

interface BatchStatistics {
  /** `"n h w c"` */
  readonly x: Tensor4D;
  /** `"c"`, like the others */
  readonly scale: Tensor1D;
  readonly mean: Tensor1D;
  /** Biased. */
  readonly variance: Tensor1D;
  readonly epsilon: number;
}

function batchNormAttributes({ binding: { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_STRING, TF_ATTR_BOOL, TF_FLOAT } }: TensorFlowBackend, epsilon: number) {
  return [
    { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: "U", type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: "epsilon", type: TF_ATTR_FLOAT, value: epsilon },
    { name: "data_format", type: TF_ATTR_STRING, value: "NHWC" },
    { name: "is_training", type: TF_ATTR_BOOL, value: true },
  ];
}

/** x normalized by the statistics of the batch, and these. On the CPU alone: what TensorFlow keeps for the gradient there is the variance itself. Not recorded for gradients. */
export function tensorFlowBatchNorm(backend: TensorFlowBackend, x: Tensor4D, scale: Tensor1D, offset: Tensor1D, epsilon: number): { y: Tensor; mean: Tensor1D; variance: Tensor1D } {
  const none = tf.tensor1d([]);
  const [y, ...statistics] = backend.executeMultipleOutputs("FusedBatchNormV3", batchNormAttributes(backend, epsilon), [x, scale, offset, none, none], 6);
  const [running, unbiased, mean, variance, other] = statistics as [Tensor, Tensor, Tensor1D, Tensor1D, Tensor];
  tf.dispose([none, running, unbiased, other]);
  return { y: y!, mean, variance };
}

/** The gradient of that towards x, and Σ dy x̂ over the batch. On the CPU alone. Not recorded for gradients. */
export function tensorFlowBatchNormGradient(backend: TensorFlowBackend, dy: Tensor, { x, scale, mean, variance, epsilon }: BatchStatistics): [Tensor, Tensor] {
  const none = tf.tensor1d([]);
  const [dx, projection, ...others] = backend.executeMultipleOutputs("FusedBatchNormGradV3", batchNormAttributes(backend, epsilon), [dy, x, scale, mean, variance, none], 5);
  tf.dispose([none, ...others]);
  return [dx!, projection!];
}

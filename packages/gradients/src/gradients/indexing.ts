// Kernels that move entries about. Their gradient puts dy back where the entries came from; where two came from one place, it adds.
import * as tf from "@tensorflow/tfjs-core";
import type { GradConfig, Tensor } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";
import { noGradient } from "../kernel.js";

const add = (gradient: GradConfig): Entry => ({ mode: "add", gradient });

/** dy at the flat `positions` of a tensor of `shape`. */
function putBack(dy: Tensor, positions: Tensor, shape: readonly number[]): Tensor {
  if (dy.size === 0) return tf.zeros([...shape]);
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.reshape(tf.scatterND(tf.reshape(positions, [dy.size, 1]), tf.reshape(dy, [dy.size]), [size]), [...shape]);
}

interface SliceAttrs extends Record<"beginMask" | "endMask" | "ellipsisMask" | "newAxisMask" | "shrinkAxisMask", number> {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
}

/** The flat positions that a strided slice takes from a tensor of `shape`, in its order. */
function slicedPositions(shape: readonly number[], { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask }: SliceAttrs): Int32Array {
  const dense = tf.slice_util.sliceInfo([...shape], begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask);
  let positions = [0];
  shape.forEach((length, axis) => {
    const [from, to, step] = [dense.begin[axis]!, dense.end[axis]!, dense.strides[axis]!];
    const taken = Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
    positions = positions.flatMap((position) => taken.map((index) => position * length + index));
  });
  return Int32Array.from(positions);
}

export const indexingEntries: readonly Entry[] = [
  add({
    kernelName: "StridedSlice",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => ({ x: () => putBack(dy as Tensor, tf.tensor1d(slicedPositions(x!.shape, attrs as unknown as SliceAttrs), "int32"), x!.shape) }),
  }),
  add({
    kernelName: "GatherNd",
    inputsToSave: ["params", "indices"],
    gradFunc: (dy, [params, indices]) => ({ params: () => tf.scatterND(indices!, dy as Tensor, params!.shape as [number]), indices: () => noGradient(indices!) }),
  }),
  add({
    kernelName: "ScatterNd",
    inputsToSave: ["indices"],
    gradFunc: (dy, [indices]) => ({ updates: () => tf.gatherND(dy as Tensor, indices!), indices: () => noGradient(indices!) }),
  }),
  add({
    kernelName: "TensorScatterUpdate",
    inputsToSave: ["indices", "updates"],
    gradFunc: (dy, [indices, updates]) => ({
      tensor: () => tf.tensorScatterUpdate(dy as Tensor, indices!, tf.zerosLike(updates!)),
      updates: () => tf.gatherND(dy as Tensor, indices!),
      indices: () => noGradient(indices!),
    }),
  }),
  add({
    kernelName: "TopK",
    inputsToSave: ["x"],
    outputsToSave: [false, true],
    gradFunc: (dys, [x, indices]) => {
      const [dy] = dys as Tensor[];
      return {
        x: () => {
          const width = x!.shape.at(-1)!;
          const rows = x!.size / width;
          const starts = tf.mul(tf.range(0, rows, 1, "int32"), tf.scalar(width, "int32"));
          return putBack(dy!, tf.add(tf.reshape(indices!, [rows, -1]), tf.expandDims(starts, 1)), x!.shape);
        },
      };
    },
  }),
  add({
    kernelName: "Diag",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => tf.reshape(tf.sum(tf.mul(tf.reshape(dy as Tensor, [x!.size, x!.size]), tf.eye(x!.size)), 1), x!.shape) }),
  }),
  add({
    kernelName: "DepthToSpace",
    gradFunc: (gradient, _, attrs) => {
      const dy = gradient as Tensor;
      const block = attrs.blockSize as number;
      return {
        x: () => {
          if (attrs.dataFormat === "NCHW") {
            const [n, c, h, w] = dy.shape as [number, number, number, number];
            return tf.reshape(tf.transpose(tf.reshape(dy, [n, c, h / block, block, w / block, block]), [0, 3, 5, 1, 2, 4]), [n, c * block * block, h / block, w / block]);
          }
          const [n, h, w, c] = dy.shape as [number, number, number, number];
          return tf.reshape(tf.transpose(tf.reshape(dy, [n, h / block, block, w / block, block, c]), [0, 1, 3, 2, 4, 5]), [n, h / block, w / block, c * block * block]);
        },
      };
    },
  }),
];

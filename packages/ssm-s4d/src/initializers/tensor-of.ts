import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";

/** float32 of float64. */
export const tensorOf = (shape: readonly number[], values: Float64Array): Tensor => tf.tensor(Float32Array.from(values), [...shape], "float32");

/** Numbers in a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

// Orthogonal starts: dense and recurrent kernels, and convolutions that keep the norm.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { randomOrthogonal } from "@warmstart/linalg";
import { WarmstartError } from "../errors.js";
import { subSeed } from "../random/sub-seed.js";
import { defineShapeInitializer } from "./shape-initializer.js";

export interface OrthogonalOptions {
  /** Factor on the orthonormal matrix. Default 1; `calculateGain` for the nonlinearity that follows. */
  readonly gain: number;
  /** Blocks of equal width in the last axis, each orthogonal by itself: 4 for an LSTM's kernels, 3 for a GRU's. Default 1. */
  readonly gates: number;
}

function checkGain(caller: string, gain: number): void {
  if (!Number.isFinite(gain)) throw new WarmstartError("INVALID_OPTION", `${caller}: gain must be a finite number, got ${gain}.`, { gain });
}

/**
 * Kernels with orthonormal columns, or rows where there are fewer of these, times `gain` (Saxe et al. 2014): drawn by the Haar
 * measure, each orthogonal matrix as likely as any other. All axes but the last count as rows, as in Keras and torch.
 * Made of random reflections multiplied on the backend, not by tfjs' `qr`, which takes seconds for a few hundred columns; so
 * backends agree up to rounding, not to the last bit.
 *
 * @throws {WarmstartError} INVALID_OPTION for a gain that is not finite or gates below 1; SHAPE_MISMATCH for a shape with
 *   fewer than two axes, or whose last axis the gates do not divide.
 *
 * @example
 * tf.layers.lstm({ units: 64, recurrentInitializer: orthogonal({ gates: 4, seed: 1 }) });
 */
export const orthogonal = /* @__PURE__ */ defineShapeInitializer<OrthogonalOptions>({
  className: "WarmstartOrthogonal",
  options({ gain = 1, gates = 1 }) {
    checkGain("orthogonal", gain);
    if (!Number.isInteger(gates) || gates < 1) throw new WarmstartError("INVALID_OPTION", `orthogonal: gates must be a positive integer, got ${gates}.`, { gates });
    return { gain, gates };
  },
  values(shape, { gain, gates }, { seed }) {
    const last = shape.at(-1) ?? 0;
    if (shape.length < 2) throw new WarmstartError("SHAPE_MISMATCH", `orthogonal: a kernel has at least two axes, this shape is [${shape}]. Use it as kernelInitializer; for a bias take "zeros".`, { shape });
    if (last % gates !== 0) throw new WarmstartError("SHAPE_MISMATCH", `orthogonal: the last axis of [${shape}] cannot be divided into ${gates} gates. Use gates: 4 for LSTM, 3 for GRU, 1 for all others.`, { shape, gates });
    const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    if (rows === 0 || last === 0) return tf.zeros([...shape]);
    const blocks = Array.from({ length: gates }, (_, gate) => randomOrthogonal(rows, last / gates, gates === 1 ? seed : subSeed(seed, gate)));
    return scaled(blocks.length === 1 ? blocks[0]! : tf.concat(blocks, 1), gain, shape);
  },
});

export interface DeltaOrthogonalOptions {
  /** Factor on the orthonormal matrix. Default 1. */
  readonly gain: number;
}

/**
 * Convolution kernels `"...window in out"` that are zero but for the middle tap, which has orthonormal rows times `gain`: the
 * convolution (stride 1, padding "same") keeps the norm of its input (Xiao et al. 2018, algorithm 1). Trains networks of thousands of plain layers.
 *
 * @throws {WarmstartError} INVALID_OPTION for a gain that is not finite; SHAPE_MISMATCH for a shape with fewer than three or
 *   more than five axes, or with fewer outputs than inputs, where no norm can be kept.
 *
 * @example
 * tf.layers.conv2d({ filters: 64, kernelSize: 3, padding: "same", kernelInitializer: deltaOrthogonal({ seed: 1 }) });
 */
export const deltaOrthogonal = /* @__PURE__ */ defineShapeInitializer<DeltaOrthogonalOptions>({
  className: "WarmstartDeltaOrthogonal",
  options({ gain = 1 }) {
    checkGain("deltaOrthogonal", gain);
    return { gain };
  },
  values(shape, { gain }, { seed }) {
    const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!];
    if (shape.length < 3 || shape.length > 5) throw new WarmstartError("SHAPE_MISMATCH", `deltaOrthogonal: a convolution's kernel has three to five axes, this shape is [${shape}]. For dense kernels use orthogonal().`, { shape });
    if (inputs > outputs) throw new WarmstartError("SHAPE_MISMATCH", `deltaOrthogonal: ${inputs} inputs cannot keep their norm in ${outputs} outputs (shape [${shape}]). Use orthogonal(), or at least ${inputs} filters.`, { shape });
    if (shape.includes(0)) return tf.zeros([...shape]);
    const window = shape.slice(0, -2);
    const tap = scaled(randomOrthogonal(inputs, outputs, seed), gain, [...window.map(() => 1), inputs, outputs]);
    // (k − 1) / 2 rounded down is where padding "same" puts the output, also for even windows.
    const before = window.map((size) => (size - 1) >> 1);
    return tf.pad(tap, [...window.map((size, axis): [number, number] => [before[axis]!, size - 1 - before[axis]!]), [0, 0], [0, 0]]);
  },
});

function scaled(matrix: Tensor2D, gain: number, shape: readonly number[]): Tensor {
  return tf.reshape(gain === 1 ? matrix : tf.mul(matrix, gain), [...shape]);
}

// From a stream to a tensor in one pass.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";

/** A `float32` tensor whose entries are drawn in row-major order. */
export function fillTensor(caller: string, shape: readonly number[], draw: () => number): Tensor {
  const values = new Float32Array(sizeOf(caller, shape));
  for (let i = 0; i < values.length; i++) values[i] = draw();
  return tf.tensor(values, [...shape], "float32");
}

function sizeOf(caller: string, shape: readonly number[]): number {
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) throw new WarmstartError("INVALID_OPTION", `${caller}: every size of the shape must be a non-negative integer, got [${shape.join(", ")}].`, { shape });
  }
  return shape.reduce((product, size) => product * size, 1);
}

export function checkFinite(caller: string, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isFinite(value)) throw new WarmstartError("INVALID_OPTION", `${caller}: ${name} must be a finite number, got ${value}.`, { [name]: value });
  }
}

export function checkStd(caller: string, std: number): void {
  checkFinite(caller, { std });
  if (std < 0) throw new WarmstartError("INVALID_OPTION", `${caller}: std must not be negative, got ${std}.`, { std });
}

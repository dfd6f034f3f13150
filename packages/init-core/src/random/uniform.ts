import type { Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import { checkFinite, fillTensor } from "./fill.js";
import { randomGenerator } from "./generator.js";

export interface RandomUniformOptions {
  /** Smallest value. Default 0. */
  readonly minval?: number;
  /** Bound from above, not reached but by rounding to float32. Default 1. */
  readonly maxval?: number;
  readonly seed: number;
}

/**
 * Uniform numbers, the same for one seed on every backend.
 *
 * @returns a `float32` tensor of `shape`; the caller disposes it.
 * @throws {WarmstartError} INVALID_OPTION for a bad shape, seed, or `minval > maxval`.
 *
 * @example
 * const x = randomUniform([2, 3], { minval: -1, maxval: 1, seed: 0 });
 */
export function randomUniform(shape: readonly number[], { minval = 0, maxval = 1, seed }: RandomUniformOptions): Tensor {
  checkFinite("randomUniform", { minval, maxval });
  if (minval > maxval) throw new WarmstartError("INVALID_OPTION", `randomUniform: minval must not exceed maxval, got ${minval} and ${maxval}.`, { minval, maxval });
  const { uniform } = randomGenerator(seed);
  const range = maxval - minval;
  return fillTensor("randomUniform", shape, () => minval + range * uniform());
}

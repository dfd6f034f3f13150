import type { Tensor } from "@tensorflow/tfjs-core";
import { checkFinite, checkStd, fillTensor } from "./fill.js";
import { randomGenerator } from "./generator.js";

export interface RandomNormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation of what is returned. Default 1. */
  readonly std?: number;
  readonly seed: number;
}

/**
 * Normal numbers, the same for one seed on every backend. A million take about as long as with `tf.randomNormal`, some 40 ms.
 *
 * @returns a `float32` tensor of `shape`; the caller disposes it.
 * @throws {WarmstartError} INVALID_OPTION for a bad shape, seed or std.
 *
 * @example
 * const x = randomNormal([64, 8], { std: 0.02, seed: 1 });
 */
export function randomNormal(shape: readonly number[], { mean = 0, std = 1, seed }: RandomNormalOptions): Tensor {
  checkFinite("randomNormal", { mean });
  checkStd("randomNormal", std);
  const { normal } = randomGenerator(seed);
  return fillTensor("randomNormal", shape, () => mean + std * normal());
}

/** Standard deviation of a standard normal cut at ±2: sqrt(1 − 4φ(2) / (2Φ(2) − 1)). */
const cutStd = 0.8796256610342398;

/**
 * Normal numbers without tails: those further than two standard deviations of the uncut law are drawn again. `std` is what
 * comes out, as in jax' `variance_scaling`: the uncut law has `std / 0.8796`, so nothing lies beyond `2.274 std`. (torch's
 * `trunc_normal_` and `tf.truncatedNormal` take the uncut law's: for their numbers multiply your std by 0.8796.)
 *
 * @returns a `float32` tensor of `shape`; the caller disposes it.
 * @throws {WarmstartError} INVALID_OPTION for a bad shape, seed or std.
 *
 * @example
 * const x = randomTruncatedNormal([64, 8], { std: 0.02, seed: 1 });
 */
export function randomTruncatedNormal(shape: readonly number[], { mean = 0, std = 1, seed }: RandomNormalOptions): Tensor {
  checkFinite("randomTruncatedNormal", { mean });
  checkStd("randomTruncatedNormal", std);
  const { normal } = randomGenerator(seed);
  const uncut = std / cutStd;
  return fillTensor("randomTruncatedNormal", shape, () => {
    let z = normal();
    while (Math.abs(z) > 2) z = normal();
    return mean + uncut * z;
  });
}

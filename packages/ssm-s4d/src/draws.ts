// Random starting values on the host: log Δ, C and D (state-spaces/s4, models/s4/s4.py and s4d.py).
import { randomGenerator, subSeed, type RandomGenerator } from "@warmstart/init-core";
import { requireInteger, requireSteps } from "./check.js";

/** Where random numbers come from: an integer seed, which gives the same numbers on every backend, or a generator of your own, which is used up in the documented order. */
export type Seed = number | RandomGenerator;

/** The stream of one purpose: seeds give each purpose its own, so that the numbers of one do not depend on whether another was drawn. */
export const streamOf = (seed: Seed, purpose: string): RandomGenerator => (typeof seed === "number" ? randomGenerator(subSeed(seed, purpose)) : seed);

export interface SampleLogDtOptions {
  /** Smallest step. About 1 / (longest dependency in steps); Path-X: 1e-4. Default 1e-3. */
  readonly dtMin?: number;
  /** Largest step. Default 1e-1. */
  readonly dtMax?: number;
  /** One uniform number a feature. Default 0. */
  readonly seed?: Seed;
}

/**
 * Logarithms of step sizes, log Δ ~ U(log dtMin, log dtMax), independent per feature.
 *
 * @param features `H`, an integer of at least 1.
 * @returns `"H"`, natural logarithms.
 * @throws {WarmstartError} INVALID_OPTION unless `0 < dtMin <= dtMax`, both finite.
 *
 * @see Gu et al. 2022 (arXiv:2206.11893), and `init_dt` of the authors' code.
 */
export function sampleLogDt(features: number, { dtMin = 1e-3, dtMax = 1e-1, seed = 0 }: SampleLogDtOptions = {}): Float64Array {
  requireInteger("sampleLogDt", "features", features, 1, "One step size is drawn per feature.");
  requireSteps("sampleLogDt", dtMin, dtMax);
  const { uniform } = streamOf(seed, "dt");
  const [low, high] = [Math.log(dtMin), Math.log(dtMax)];
  return Float64Array.from({ length: features }, () => low + (high - low) * uniform());
}

/**
 * Complex normal numbers with E|C|² = 1: real and imaginary parts ~ N(0, 1/2), as `torch.randn` of complex type. (DSS takes N(0, 1) for each part.)
 *
 * @param size how many, an integer of at least 1.
 * @param seed all real parts are drawn first, then all imaginary ones. Default 0.
 * @returns `re: "size"`, `im: "size"`.
 * @throws {WarmstartError} INVALID_OPTION for a bad size or seed.
 */
export function sampleC(size: number, seed: Seed = 0): { re: Float64Array; im: Float64Array } {
  requireInteger("sampleC", "size", size, 1, "It is channels * features * dState / 2.");
  const { normal } = streamOf(seed, "c");
  const draw = () => Float64Array.from({ length: size }, () => normal() * Math.SQRT1_2);
  return { re: draw(), im: draw() };
}

/**
 * The skip weights D ~ N(0, 1), one a feature.
 *
 * @throws {WarmstartError} INVALID_OPTION for a bad number of features or seed.
 */
export function sampleD(features: number, seed: Seed = 0): Float64Array {
  requireInteger("sampleD", "features", features, 1, "One skip weight is drawn per feature.");
  const { normal } = streamOf(seed, "d");
  return Float64Array.from({ length: features }, () => normal());
}

// A normal, B zero (PEFT's "gaussian", the convention of Diffusers).
import * as tf from "@tensorflow/tfjs-core";
import { randomNormal, subSeed, type ModelInitializer } from "@warmstart/init-core";
import { matrixShape, type LoraFactors, type LoraPlan } from "./adapter.js";
import { perLayer, type LoraOptions } from "./initializer.js";

/** The law of A's entries: N(0, 1/r²), whatever the width. */
export function gaussianLaw(r: number): { deviation: number } {
  return { deviation: 1 / r };
}

/** `down` `"in r"` normal by {@link gaussianLaw}, `up` `"r out"` zero. The caller disposes them. */
export function gaussianFactors(shape: { readonly in: number; readonly out: number }, { r, seed }: { readonly r: number; readonly seed: number }): LoraFactors {
  return { down: randomNormal([shape.in, r], { std: gaussianLaw(r).deviation, seed }), up: tf.zeros([r, shape.out]) };
}

/** PEFT's `init_lora_weights="gaussian"`: the output starts equal to the base's. */
export function gaussian(options: LoraOptions = {}): ModelInitializer<LoraPlan> {
  return perLayer("gaussian", options, ({ site, spec, position }, seed) => ({ spec, factors: gaussianFactors(matrixShape(site), { r: spec.r, seed: subSeed(seed, position) }) }));
}

// The default start: A uniform, B zero. Hu et al. 2021 (arXiv:2106.09685) draw A from a Gaussian; their code and PEFT draw it as here.
import * as tf from "@tensorflow/tfjs-core";
import { randomNormal, randomUniform, subSeed, type ModelInitializer, type Site } from "@warmstart/init-core";
import { matrixShape, type LoraFactors, type LoraPlan } from "./adapter.js";
import { perLayer, type LoraOptions } from "./initializer.js";

/** The law of A's entries: U(−1/√fanIn, 1/√fanIn), that is Kaiming uniform with a = √5. */
export function kaimingLaw(fanIn: number): { bound: number; deviation: number } {
  const bound = 1 / Math.sqrt(fanIn);
  return { bound, deviation: bound / Math.sqrt(3) };
}

/**
 * `down` `"in r"` uniform by {@link kaimingLaw}, `up` `"r out"` zero, for a kernel of `in` rows and `out` columns. The caller disposes them.
 */
export function kaimingFactors(shape: { readonly in: number; readonly out: number }, { r, seed }: { readonly r: number; readonly seed: number }): LoraFactors {
  const { bound } = kaimingLaw(shape.in);
  return { down: randomUniform([shape.in, r], { minval: -bound, maxval: bound, seed }), up: tf.zeros([r, shape.out]) };
}

/** For an embedding the roles are swapped, as in the authors' code and PEFT: `down` `"vocabulary r"` zero, `up` `"r dim"` standard normal. */
export function embeddingFactors(shape: { readonly in: number; readonly out: number }, { r, seed }: { readonly r: number; readonly seed: number }): LoraFactors {
  return { down: tf.zeros([shape.in, r]), up: randomNormal([r, shape.out], { seed }) };
}

/** The default factors for any kind of kernel. */
export function defaultFactors(site: Site, { r, seed }: { readonly r: number; readonly seed: number }): LoraFactors {
  return (site.kind === "embedding" ? embeddingFactors : kaimingFactors)(matrixShape(site), { r, seed });
}

/**
 * PEFT's default (`init_lora_weights=True`): the output starts equal to the base's.
 *
 * @example
 * const { result: model } = await initialize(base, kaiming({ r: 8, targetLayers: ["q", "v"] }), { seed: 1 });
 */
export function kaiming(options: LoraOptions = {}): ModelInitializer<LoraPlan> {
  return perLayer("kaiming", options, ({ site, spec, position }, seed) => ({ spec, factors: defaultFactors(site, { r: spec.r, seed: subSeed(seed, position) }) }));
}

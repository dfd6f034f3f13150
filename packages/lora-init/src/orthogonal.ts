// Both factors alive, their product zero (PEFT's "orthogonal", PR #2498): A and B read interleaved rows of one orthogonal matrix.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { randomNormal, subSeed, WarmstartError, type ModelInitializer } from "@warmstart/init-core";
import { thinQr } from "@warmstart/linalg";
import { matrixShape, type LoraFactors, type LoraPlan } from "./adapter.js";
import { perLayer, type LoraOptions } from "./initializer.js";

/** Standard normal draws that decide the factors; they stay the caller's. */
export interface OrthogonalDraws {
  /** `"r r"`. */
  readonly normalQ: Tensor2D;
  /** `"in r/2"`. */
  readonly normalDown: Tensor2D;
  /** `"r/2 out"`. */
  readonly normalUp: Tensor2D;
}

/**
 * Q orthogonal from the QR of `normalQ`; `down = normalDown·Q[0::2] / 10`, `up = Q[1::2]ᵀ·normalUp / 10`. Since the even and odd
 * rows of Q are orthogonal, `down·up = 0`: the output starts equal to the base's (to rounding, 1e-8), yet both factors have a gradient.
 *
 * @returns `down` `"in r"`, `up` `"r out"`, both of rank r/2; the caller disposes them.
 * @throws {WarmstartError} INVALID_OPTION for odd r.
 */
export async function orthogonalFactors({ normalQ, normalDown, normalUp }: OrthogonalDraws): Promise<LoraFactors> {
  const r = normalQ.shape[0];
  if (r % 2 !== 0) throw new WarmstartError("INVALID_OPTION", `orthogonalFactors: \`r\` must be even, since the two factors take half of the rows each; got ${r}. Use ${r + 1}.`, { r });
  const { q, r: triangle } = await thinQr(normalQ);
  const factors = tf.tidy(() => {
    const pairs = tf.reshape(q, [r / 2, 2, r]);
    const [even, odd] = [0, 1].map((which) => tf.reshape(tf.slice(pairs, [0, which, 0], [r / 2, 1, r]), [r / 2, r]));
    return { down: tf.div(tf.matMul(normalDown, even as Tensor2D), 10), up: tf.div(tf.matMul(tf.transpose(odd!), normalUp), 10) };
  });
  tf.dispose([q, triangle]);
  return factors;
}

/** PEFT's `init_lora_weights="orthogonal"`; `r` must be even. */
export function orthogonal(options: LoraOptions = {}): ModelInitializer<LoraPlan> {
  return perLayer("orthogonal", options, async ({ site, spec, position }, seed) => {
    const { in: rows, out } = matrixShape(site);
    const draw = (shape: [number, number], name: string) => randomNormal(shape, { seed: subSeed(subSeed(seed, position), name) }) as Tensor2D;
    const draws: OrthogonalDraws = { normalQ: draw([spec.r, spec.r], "q"), normalDown: draw([rows, Math.floor(spec.r / 2)], "down"), normalUp: draw([Math.floor(spec.r / 2), out], "up") };
    try {
      return { spec, factors: await orthogonalFactors(draws) };
    } finally {
      tf.dispose([draws.normalQ, draws.normalDown, draws.normalUp]);
    }
  });
}

// PiSSA (Meng et al. 2024, arXiv:2404.02948): the principal part of the weight trains, the rest is the frozen base.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { subSeed, WarmstartError, type ModelInitializer } from "@warmstart/init-core";
import { randomizedSvd, svd } from "@warmstart/linalg";
import { kernelMatrix, type LoraFactors, type LoraPlan } from "./adapter.js";
import { perLayer, requireFinite, type LoraOptions } from "./initializer.js";

export interface PissaOptions extends LoraOptions {
  /** Power iterations of the randomized SVD, or "exact" for the full one (slow above some 256 columns). The start is exact either way: what the factors miss stays in the base. Default 4. */
  readonly iterations?: number | "exact";
}

export interface PissaFactors extends LoraFactors {
  readonly base: Tensor2D;
  /** The `r` largest singular values of the kernel. */
  readonly singularValues: Float64Array;
}

/**
 * The kernel K ≈ U·Σ·Vᵀ split into `down = U·√(Σ/scale)`, `up = √(Σ/scale)·Vᵀ` and `base = K − scale·down·up`, so that the start is
 * exact for any scale. Σ is divided by the scale before the root, as in the authors' code and PEFT.
 *
 * @param kernel `"in out"`, tfjs' orientation (PEFT's weight transposed).
 * @returns `down` `"in r"`, `up` `"r out"`, `base` `"in out"`; the caller disposes them. The sign of each column of `up`ᵀ: its largest entry is positive.
 */
export async function pissaFactors(kernel: Tensor2D, { r, scale = 1, iterations = 4, seed = 0 }: { readonly r: number; readonly scale?: number; readonly iterations?: number | "exact"; readonly seed?: number }): Promise<PissaFactors> {
  const { u, s, v } = iterations === "exact" ? await leading(kernel, r) : await randomizedSvd(kernel, r, { powerIterations: iterations, seed });
  const factors = tf.tidy(() => {
    const root = tf.tensor1d(Array.from(s, (sigma) => Math.sqrt(sigma / scale)));
    const down = tf.mul(u, root) as Tensor2D;
    const up = tf.transpose(tf.mul(v, root)) as Tensor2D;
    return { down, up, base: tf.sub(kernel, tf.mul(tf.matMul(down, up), scale)) as Tensor2D };
  });
  tf.dispose([u, v]);
  return { ...factors, singularValues: s };
}

async function leading(kernel: Tensor2D, r: number): Promise<{ u: Tensor2D; s: Float64Array; v: Tensor2D }> {
  const { u, s, v } = await svd(kernel);
  const cut = tf.tidy(() => [u, v].map((vectors) => tf.slice(vectors, [0, 0], [vectors.shape[0], r])));
  tf.dispose([u, v]);
  return { u: cut[0]!, s: s.slice(0, r), v: cut[1]! };
}

/**
 * Needs the weights alone. The base kernels change; saved adapters belong to the changed base.
 *
 * @throws {WarmstartError} INSUFFICIENT_DATA for a kernel that is all zero: its factors would be dead.
 */
export function pissa(options: PissaOptions = {}): ModelInitializer<LoraPlan> {
  return perLayer("pissa", options, async (target, seed) => {
    const { spec, site, position } = target;
    const kernel = site.kernel.variable;
    const matrix = kernelMatrix(kernel);
    const norm = tf.tidy(() => tf.sum(tf.square(matrix)));
    try {
      const [total] = await norm.data();
      requireFinite(total!, target, "pissa");
      if (total === 0) throw new WarmstartError("INSUFFICIENT_DATA", `pissa: the kernel of "${site.layer}" is all zero, so both factors would be zero and never train. Leave it out with excludeLayers, or use kaiming.`, { layer: site.layer });
      const { down, up, base, singularValues } = await pissaFactors(matrix, { r: spec.r, scale: spec.scale, iterations: options.iterations ?? 4, seed: subSeed(seed, position) });
      const shaped = tf.reshape(base, kernel.shape);
      base.dispose();
      return { spec, factors: { down, up, base: shaped }, figures: { "σ² taken": singularValues.reduce((sum, sigma) => sum + sigma * sigma, 0) / total! } };
    } finally {
      tf.dispose([matrix, norm]);
    }
  });
}

// Initial weights of the example models.
import * as tf from "@tensorflow/tfjs";

type Initializer = ReturnType<typeof tf.initializers.heNormal>;

/** How kernels start: He's normal numbers, each kernel from a seed of its own; or zeros, which cost nothing where only the shape of a model counts. */
export interface StartOptions {
  readonly seed: number;
  /** Default "heNormal". */
  readonly kernels?: "heNormal" | "zeros";
}

/** Gives the next kernel its initializer. */
export function kernelInitializers({ seed, kernels = "heNormal" }: StartOptions): () => Initializer {
  let drawn = 0;
  return () => (kernels === "zeros" ? (tf.initializers.zeros() as Initializer) : tf.initializers.heNormal({ seed: seed * 1000 + drawn++ }));
}

// Fresh weights for a model: drawn by each layer's own initializers, from one seed.
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { disposeModel, networkOf, subSeed } from "@warmstart/init-core";

type Json = Record<string, unknown>;

/** The stock initializers that draw; others are known by a seed in their configuration. Without one, tfjs leaves it out of the configuration. */
const drawing: readonly string[] = ["RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Orthogonal"];

/**
 * Weights drawn by the initializers in the model's configuration, each from a seed of its own. The model is left alone.
 *
 * @returns by parameter path; the caller disposes them.
 */
export function freshWeights(model: LayersModel, seed: number): Record<string, Tensor> {
  const config = JSON.parse(JSON.stringify(model.getConfig())) as Json;
  let position = 0;
  const seedAll = (node: unknown, name: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { config: own } = node as { config?: Json };
    if (/initializer$/i.test(name) && own !== undefined && ("seed" in own || drawing.includes(String((node as Json).className)))) own.seed = subSeed(subSeed(seed, "reinit"), position++);
    for (const [key, value] of Object.entries(node)) seedAll(value, key);
  };
  seedAll(config, "");
  const build = model.constructor as unknown as { fromConfig(cls: unknown, config: unknown): LayersModel };
  const fresh = build.fromConfig(build, config);
  try {
    return Object.fromEntries(networkOf(fresh).parameters.map(({ path, variable }: { path: string; variable: Variable }) => [path, variable.clone()]));
  } finally {
    disposeModel(fresh);
  }
}

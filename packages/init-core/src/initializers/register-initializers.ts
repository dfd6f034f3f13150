import { deltaOrthogonal, orthogonal } from "./orthogonal.js";
import { truncatedNormal } from "./truncated-normal.js";
import { varianceScaling } from "./variance-scaling.js";

/**
 * Makes the initializers of this package known to tfjs, for a program that loads a saved model without having called one of
 * their factories (which do it themselves; nothing happens on import).
 *
 * @example
 * registerInitializers();
 * const model = await tf.loadLayersModel("file://model/model.json");
 */
export function registerInitializers(): void {
  for (const { register } of [varianceScaling, truncatedNormal, orthogonal, deltaOrthogonal]) register();
}

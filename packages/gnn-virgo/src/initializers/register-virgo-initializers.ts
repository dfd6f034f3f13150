import { virgoInitializer } from "./virgo-initializer.js";

/**
 * Makes the initializer of this package known to tfjs, for a program that loads a saved model without having called
 * `virgoInitializer` (which does it itself; nothing happens on import).
 *
 * @example
 * registerVirgoInitializers();
 * const model = await tf.loadLayersModel("file://model/model.json");
 */
export function registerVirgoInitializers(): void {
  virgoInitializer.register();
}

import { mamba2ALog, mambaALog, mambaDtBias } from "./mamba.js";
import { s4dAImag, s4dBIm, s4dBRe, s4dCIm, s4dCRe, s4dLogAReal, s4dLogDt, s4dSkip } from "./s4d.js";
import { s5B, s5C, s5LambdaIm } from "./s5.js";

/**
 * Makes the initializers of this package known to tfjs, for a program that loads a saved model without having called one of
 * their factories (which do it themselves; nothing happens on import).
 *
 * @example
 * registerSsmInitializers();
 * const model = await tf.loadLayersModel("file://model/model.json");
 */
export function registerSsmInitializers(): void {
  for (const { register } of [s4dLogAReal, s4dAImag, s4dBRe, s4dBIm, s4dCRe, s4dCIm, s4dLogDt, s4dSkip, mambaALog, mambaDtBias, mamba2ALog, s5LambdaIm, s5B, s5C]) register();
}

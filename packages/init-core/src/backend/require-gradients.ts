import * as tf from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";

/**
 * Throws when no gradients are registered: `@tensorflow/tfjs-core` alone has none, whatever the backend.
 *
 * @param what needs them, for the message: "LoRA-SB".
 * @throws {WarmstartError} BACKEND, saying what to import.
 *
 * @example
 * requireGradients("LoRA-SB");
 */
export function requireGradients(what: string): void {
  if ((tf.getGradient("BatchMatMul") as unknown) !== undefined) return;
  throw new WarmstartError("BACKEND", `requireGradients: ${what} needs gradients, and @tensorflow/tfjs-core alone registers none. Import "@tensorflow/tfjs" (or "@tensorflow/tfjs-layers") once, before the call; the native backend brings it along.`, { missing: "gradients" });
}

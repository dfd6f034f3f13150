import { getGradient } from "@tensorflow/tfjs-core";
import type { Entry } from "./gradient.js";
import { gradientEntries } from "./gradients/index.js";
import { refusePromise } from "./refuse-promise.js";
import { isOurs, putInPlaceForNow } from "./registry.js";
import { clearTape, installTape, removeTape } from "./tape.js";

/** Runs `fn` with these gradients in place, then puts back what was there. May be nested. */
export function runWith<T>(where: string, entries: readonly Entry[], order: "first" | "second", fn: () => T): T {
  const state = installTape();
  const restore = putInPlaceForNow(entries);
  if (order === "second") state.secondOrder++;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    clearTape();
    throw error;
  } finally {
    if (order === "second") state.secondOrder--;
    restore();
    if (!gradientEntries.some(({ gradient }) => isOurs(getGradient(gradient.kernelName)))) removeTape();
  }
  refusePromise(result, `${where}: fn must be synchronous, got one that returns a promise. Take the gradients inside, return the tensors, and await their data outside.`);
  return result;
}

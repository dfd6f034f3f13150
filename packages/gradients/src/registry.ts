// Putting gradients into tfjs' registry and taking them out again: the very object that was there comes back.
import { getGradient, registerGradient, unregisterGradient, type GradConfig } from "@tensorflow/tfjs-core";
import type { Entry, Gradient } from "./gradient.js";

// On the registered configuration itself, so that two copies of this package (ESM and CJS, say) see each other's work.
const replacedKey = Symbol.for("@warmstart/gradients/replaced");
type OurGradient = Gradient & { readonly [replacedKey]: GradConfig | undefined };

export function isOurs(config: GradConfig | undefined): config is OurGradient {
  return config !== undefined && replacedKey in config;
}

/** Names of those that are in place for a call of `putInPlaceForNow` only. */
const forNow = new Set<string>();

/** A gradient to add is left out where tfjs has one. */
export function putInPlace({ mode, gradient, beside }: Entry): void {
  const current = getGradient(gradient.kernelName);
  forNow.delete(gradient.kernelName);
  if (mode === "add" && current !== undefined && !isOurs(current)) return;
  beside?.repair();
  if (!isOurs(current)) set(gradient.kernelName, { ...gradient, [replacedKey]: current } as OurGradient);
}

export function takeAway({ gradient: { kernelName }, beside }: Entry): void {
  const current = getGradient(kernelName);
  if (!isOurs(current)) return;
  beside?.restore();
  set(kernelName, current[replacedKey]);
}

/** Puts those of `entries` in place that are not, and returns what takes them away again, save those that have been put in place for good meanwhile. */
export function putInPlaceForNow(entries: readonly Entry[]): () => void {
  const missing = entries.filter(({ gradient }) => !isOurs(getGradient(gradient.kernelName)));
  for (const entry of missing) {
    putInPlace(entry);
    forNow.add(entry.gradient.kernelName);
  }
  return () => {
    for (const entry of missing) if (forNow.delete(entry.gradient.kernelName)) takeAway(entry);
  };
}

/** `registerGradient` warns where it overrides, in debug mode. */
function set(kernelName: string, config: GradConfig | undefined): void {
  if (getGradient(kernelName) !== undefined) unregisterGradient(kernelName);
  if (config !== undefined) registerGradient(config);
}

import { getGradient } from "@tensorflow/tfjs-core";
import { GradientsError } from "./errors.js";
import type { Entry } from "./gradient.js";
import { gradientEntries } from "./gradients/index.js";
import { isOurs, putInPlace, takeAway } from "./registry.js";
import { installTape, removeTape } from "./tape.js";

export interface RegisterGradientsOptions {
  /** Kernel names as tfjs has them, "FusedBatchNorm": register these alone. Default: all. */
  readonly only?: readonly string[];
  /** Leave these out. */
  readonly except?: readonly string[];
}

export interface GradientRegistration {
  /** Ours, now in place: of this call or an earlier one. */
  readonly registered: readonly string[];
}

/**
 * Gives tfjs the gradients of this package, on every backend: new ones where it has none, and right or faster ones in front of
 * its own. May be called again: a second call changes nothing. Import `@tensorflow/tfjs` (which registers tfjs' own) first.
 * Where a later tfjs has a gradient that 4.22 lacks, that one stays.
 *
 * Also puts in place how operations are recorded for gradients (see the README), until all gradients are unregistered.
 *
 * @throws {GradientsError} INVALID_OPTION for an unknown name; UNSUPPORTED for a tfjs-core that records in another way.
 *
 * @example
 * import * as tf from "@tensorflow/tfjs";
 * registerGradients();
 * tf.grad((x) => tf.einsum("ij,j->", x, tf.ones([3])))(tf.ones([2, 3]));
 */
export function registerGradients(options: RegisterGradientsOptions = {}): GradientRegistration {
  const wanted = select("registerGradients", options);
  if (wanted.length > 0) installTape();
  for (const entry of wanted) putInPlace(entry);
  return { registered: inPlace() };
}

/** Puts back the gradients that were there before, the same objects, and removes those that were not. `only` and `except` as for registering. */
export function unregisterGradients(options: RegisterGradientsOptions = {}): void {
  for (const entry of select("unregisterGradients", options)) takeAway(entry);
  if (inPlace().length === 0) removeTape();
}

/** The kernel names of all gradients that `registerGradients` knows. */
export const gradientNames = (): string[] => gradientEntries.map(({ gradient }) => gradient.kernelName);

const inPlace = (): string[] => gradientNames().filter((name) => isOurs(getGradient(name)));

function select(where: string, { only, except = [] }: RegisterGradientsOptions): Entry[] {
  const known = gradientNames();
  for (const [option, names] of Object.entries({ only: only ?? [], except })) {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined) throw new GradientsError("INVALID_OPTION", `${where}: ${option} must list gradients of this package, got "${unknown}". They are ${known.join(", ")}.`, { [option]: names });
  }
  return gradientEntries.filter(({ gradient: { kernelName } }) => (only === undefined || only.includes(kernelName)) && !except.includes(kernelName));
}

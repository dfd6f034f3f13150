// Starting values of A and B for every feature, on the host in float64. `dplr`, `ssm` and `combination` of the authors' code
// (state-spaces/s4, models/s4/s4.py), in the half with positive imaginary part.
import { WarmstartError } from "@warmstart/init-core";
import { requireChoice, requireDState, requireInteger, requirePositive } from "./check.js";
import { streamOf, type Seed } from "./draws.js";
import { inv } from "./spectra/inv.js";
import { inv2 } from "./spectra/inv2.js";
import { legsDiagonal, type LegsDiagonalOptions } from "./spectra/legs.js";
import { lin } from "./spectra/lin.js";
import { quad } from "./spectra/quad.js";
import { rand } from "./spectra/rand.js";
import { real } from "./spectra/real.js";

/** The published spectra. */
export type S4DSpectrum = "lin" | "inv" | "inv2" | "quad" | "legs" | "real" | "rand";
/** A spectrum; "diag", the authors' mixture of half inv and half lin; or a mixture of your own: equal shares of the features, in this order. */
export type S4DInit = S4DSpectrum | "diag" | readonly S4DSpectrum[];
/** Laws of B. The circles are those of the authors' code, which keeps the other half of each pair: "unit-ccw" is e^{−2πim/N} here. */
export type BInit = "constant" | "alternating" | "random" | "unit-cw" | "unit-ccw";

const spectra: readonly S4DSpectrum[] = ["lin", "inv", "inv2", "quad", "legs", "real", "rand"];
const inputLaws: readonly BInit[] = ["constant", "alternating", "random", "unit-cw", "unit-ccw"];

/** Numbers below this would leave the state undamped; the authors' transforms clamp there as well. */
const leastDamping = 1e-4;

export interface S4DInitOptions extends LegsDiagonalOptions {
  /** `H`, independent copies. Default 1. */
  readonly features?: number;
  /** `N`, even: real state dimensions, kept as N/2 conjugate pairs. Default 64. */
  readonly dState?: number;
  /** Re A is multiplied by it. Default 1. */
  readonly realScale?: number;
  /** Im A is multiplied by it. Default 1. */
  readonly imagScale?: number;
  /** Re A = −U[0, 1), for "real" −U[0, 1)·N/2, at most −1e-4. Default false. */
  readonly realRandom?: boolean;
  /** The index m is replaced by U[0, 1)·N/2 before the law; a negative result ("inv") becomes 0. No effect on "legs", "real" and "rand". Default false. */
  readonly imagRandom?: boolean;
  /** Law of B; "legs" brings its own B. Default "constant", 1. */
  readonly bInit?: BInit;
  /** B is multiplied by it; `normalize` undoes that. Default 1. */
  readonly bScale?: number;
  /** B is divided by √(2 Σ|B/A|²), feature by feature. Default false. */
  readonly normalize?: boolean;
  /** Drawn in this order, each row-major `"H M"`: imaginary parts (`imagRandom`, "rand"), real parts (`realRandom`), Re B, Im B ("random"). Default 0. */
  readonly seed?: Seed;
}

/** Starting values of A and B, row-major `"H M"` with M = N/2; Im A ≥ 0, Re A < 0. */
export interface S4DStart {
  readonly aRe: Float64Array;
  readonly aIm: Float64Array;
  readonly bRe: Float64Array;
  readonly bIm: Float64Array;
}

/**
 * Starting values of the diagonal A and of B by a published law.
 *
 * @param init a spectrum, "diag", or a list of spectra that share the features equally.
 * @returns float64 host arrays, `"H M"`.
 * @throws {WarmstartError} INVALID_OPTION for an unknown name (the valid ones are listed), an odd `dState`, features that a mixture does not divide, or a scale that is not above 0.
 *
 * @see Gu, Gupta, Goel, Ré 2022, arXiv:2206.11893. Where the authors' code clamps a frequency of 0 to 1e-4, 0 stays here, as in their minimal file.
 *
 * @example
 * const { aRe, aIm } = s4dInit("inv", { features: 128, dState: 64 });
 */
export function s4dInit(init: S4DInit, options: S4DInitOptions = {}): S4DStart {
  const { features = 1, dState = 64, realScale = 1, imagScale = 1, realRandom = false, imagRandom = false, bScale = 1, normalize = false } = options;
  requireInteger("s4dInit", "features", features, 1, "Every feature is a state space model of its own.");
  requireDState("s4dInit", dState);
  for (const [name, scale] of Object.entries({ realScale, imagScale, bScale })) requirePositive("s4dInit", name, scale, "1 leaves the law as it is.");
  const perFeature = spectrumOfFeature(init, features);
  const modes = dState / 2;
  const size = features * modes;
  const cells = <T>(value: (spectrum: S4DSpectrum, m: number, i: number) => T): T[] => Array.from({ length: size }, (_, i) => value(perFeature[Math.floor(i / modes)]!, i % modes, i));
  const imag = streamOf(options.seed ?? 0, "imag");
  const damping = streamOf(options.seed ?? 0, "real");
  const legs = perFeature.includes("legs") ? legsDiagonal(dState, options) : undefined;

  const frequencies = cells((spectrum, m) => {
    if (spectrum === "rand") return rand(imag.normal());
    if (spectrum === "legs") return legs!.aIm[m]!;
    if (spectrum === "real") return 0;
    return Math.max(0, indexed[spectrum](imagRandom ? modes * imag.uniform() : m, dState));
  });
  const dampings = cells((spectrum, m) => {
    if (realRandom) return Math.max(leastDamping, damping.uniform() * (spectrum === "real" ? modes : 1));
    return spectrum === "real" ? real(m) : 0.5;
  });
  const start = {
    aRe: Float64Array.from(dampings, (p) => -realScale * p),
    aIm: Float64Array.from(frequencies, (w) => imagScale * w),
    ...inputVector(options.bInit ?? "constant", options.seed ?? 0, size, modes),
  };
  cells((spectrum, m, i) => {
    if (spectrum === "legs") [start.bRe[i], start.bIm[i]] = [legs!.bRe[m]!, legs!.bIm[m]!];
  });
  for (let h = 0; h < features; h++) {
    const factor = normalize ? 1 / steadyGain(start, h * modes, modes) : bScale;
    for (let i = h * modes; i < (h + 1) * modes; i++) {
      start.bRe[i]! *= factor;
      start.bIm[i]! *= factor;
    }
  }
  return start;
}

/** The laws of the imaginary part that depend on the index alone. */
const indexed = { lin, inv, inv2, quad };

function spectrumOfFeature(init: S4DInit, features: number): S4DSpectrum[] {
  const mixture = init === "diag" ? (["inv", "lin"] as const) : typeof init === "string" ? [init] : init;
  if (typeof init === "string") requireChoice("s4dInit", "init", init, [...spectra, "diag"]);
  else for (const spectrum of init) requireChoice("s4dInit", "init", spectrum, spectra);
  if (mixture.length === 0 || features % mixture.length !== 0) {
    throw new WarmstartError("INVALID_OPTION", `s4dInit: \`features\` must be a multiple of the ${mixture.length} spectra of \`init\`, got ${features}. Each spectrum gets an equal share of the features.`, { features, init });
  }
  return Array.from({ length: features }, (_, h) => mixture[Math.floor((h * mixture.length) / features)]!);
}

/** B of every cell, without scale. */
function inputVector(law: BInit, seed: Seed, size: number, modes: number): { bRe: Float64Array; bIm: Float64Array } {
  requireChoice("s4dInit", "bInit", law, inputLaws);
  const { normal } = streamOf(seed, "b");
  const all = (value: (m: number) => number) => Float64Array.from({ length: size }, (_, i) => value(i % modes));
  const turn = (law === "unit-ccw" ? -Math.PI : Math.PI) / modes; // 2π / N
  if (law === "alternating") return { bRe: all((m) => 1 - 2 * (m % 2)), bIm: all(() => 0) };
  if (law === "random") return { bRe: all(() => normal() * Math.SQRT1_2), bIm: all(() => normal() * Math.SQRT1_2) };
  if (law === "constant") return { bRe: all(() => 1), bIm: all(() => 0) };
  return { bRe: all((m) => Math.cos(turn * m)), bIm: all((m) => Math.sin(turn * m)) };
}

/** √(2 Σ|B/A|²) of the modes of one feature. */
function steadyGain({ aRe, aIm, bRe, bIm }: S4DStart, from: number, modes: number): number {
  let sum = 0;
  for (let i = from; i < from + modes; i++) sum += (bRe[i]! ** 2 + bIm[i]! ** 2) / (aRe[i]! ** 2 + aIm[i]! ** 2);
  return Math.sqrt(2 * sum);
}

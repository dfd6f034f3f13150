// Densities: how many weights stay, and on which way they get few.
import { WarmstartError } from "@warmstart/init-core";

/** How the density falls over the rounds k = 1 … n: "exponential" density^(k/n), "linear" 1 − (1 − density)·k/n. */
export type Schedule = "exponential" | "linear";

/** Weights kept of `size`: rounded half up, at least one. */
export const keepCount = (density: number, size: number): number => Math.min(size, Math.max(1, Math.floor(density * size + 0.5)));

/** Throws unless `density` is above 0 and at most 1. */
export function checkDensity(caller: string, density: number): void {
  if (density > 0 && density <= 1) return;
  const hint = density > 1 ? ` It is the share of weights that stays: for a compression of ${density} give { compression: ${density} }.` : " It is the share of weights that stays.";
  throw new WarmstartError("INVALID_OPTION", `${caller}: \`density\` must be above 0 and at most 1, got ${density}.${hint}`, { density });
}

/** `density`, or 1 / `compression`: exactly one of the two. */
export interface DensityOption {
  /** Share of the weights that stays, above 0 up to 1. */
  readonly density?: number;
  /** Weights before for each one after, 1 or more; instead of `density`. */
  readonly compression?: number;
}

/** The one of the two that was given. @throws INVALID_OPTION. */
export function densityOf(caller: string, { density, compression }: DensityOption): number {
  if ((density === undefined) === (compression === undefined)) throw new WarmstartError("INVALID_OPTION", `${caller}: give \`density\` (0.1: a tenth stays) or \`compression\` (10), and not both; got density ${density} and compression ${compression}.`, { density, compression });
  if (compression !== undefined && !(compression >= 1 && Number.isFinite(compression))) throw new WarmstartError("INVALID_OPTION", `${caller}: \`compression\` must be at least 1, got ${compression}.`, { compression });
  const share = density ?? 1 / compression!;
  checkDensity(caller, share);
  return share;
}

/**
 * The density after each of `iterations` rounds; the last is `density`.
 *
 * @throws {WarmstartError} INVALID_OPTION for a density outside (0, 1], or `iterations` that is no positive integer.
 *
 * @example
 * scheduleDensities(0.1, 2); // [0.316…, 0.1]
 */
export function scheduleDensities(density: number, iterations: number, schedule: Schedule = "exponential"): number[] {
  checkDensity("scheduleDensities", density);
  if (!Number.isInteger(iterations) || iterations < 1) throw new WarmstartError("INVALID_OPTION", `scheduleDensities: \`iterations\` must be a positive integer, got ${iterations}.`, { iterations });
  if (schedule !== "exponential" && schedule !== "linear") throw new WarmstartError("INVALID_OPTION", `scheduleDensities: \`schedule\` must be "exponential" or "linear", got "${String(schedule)}".`, { schedule });
  return Array.from({ length: iterations }, (_, i) => {
    const part = (i + 1) / iterations;
    return i + 1 === iterations ? density : schedule === "exponential" ? density ** part : 1 - (1 - density) * part;
  });
}

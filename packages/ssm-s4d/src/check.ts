// Arguments are checked at the public functions; the code inside relies on it.
import { WarmstartError } from "@warmstart/init-core";

/** Throws `INVALID_OPTION` unless `value` is an integer of at least `low`. */
export function requireInteger(where: string, name: string, value: number, low: number, hint: string): void {
  if (Number.isInteger(value) && value >= low) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be an integer of at least ${low}, got ${value}. ${hint}`, { [name]: value });
}

/** Throws `INVALID_OPTION` unless `dState` is even and at least 2. */
export function requireDState(where: string, dState: number): void {
  if (Number.isInteger(dState) && dState >= 2 && dState % 2 === 0) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`dState\` must be an even integer of at least 2, got ${dState}. It counts real state dimensions, which are kept as dState / 2 conjugate pairs.`, { dState });
}

/** Throws `INVALID_OPTION` unless `value` is finite and above 0. */
export function requirePositive(where: string, name: string, value: number, hint: string): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be a finite number above 0, got ${value}. ${hint}`, { [name]: value });
}

/** Throws `INVALID_OPTION` unless `0 < dtMin <= dtMax`, both finite. */
export function requireSteps(where: string, dtMin: number, dtMax: number): void {
  if (dtMin > 0 && dtMin <= dtMax && Number.isFinite(dtMax)) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`dtMin\` and \`dtMax\` must be finite with 0 < dtMin <= dtMax, got ${dtMin} and ${dtMax}. Steps are drawn log-uniformly between them; equal bounds give one constant step.`, { dtMin, dtMax });
}

/** Throws `INVALID_OPTION` unless `value` is one of `choices`. */
export function requireChoice<T extends string>(where: string, name: string, value: T, choices: readonly T[]): void {
  if (choices.includes(value)) return;
  throw new WarmstartError("INVALID_OPTION", `${where}: \`${name}\` must be one of ${choices.map((choice) => `"${choice}"`).join(", ")}, got ${JSON.stringify(value) ?? String(value)}. Choose one of these.`, { [name]: value, choices });
}

/** Throws `SHAPE_MISMATCH` unless `shape` is `expected`, in which null is any size of at least 1. */
export function requireShape(where: string, name: string, shape: readonly number[], expected: readonly (number | null)[], hint: string): void {
  if (shape.length === expected.length && shape.every((size, i) => (expected[i] === null ? size > 0 : size === expected[i]))) return;
  throw new WarmstartError("SHAPE_MISMATCH", `${where}: \`${name}\` must have shape [${expected.map((size) => size ?? "*").join(", ")}], got [${shape.join(", ")}]. ${hint}`, { name, shape, expected });
}

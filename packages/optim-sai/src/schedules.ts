// Learning rates that change with the step, as plain data: they survive `getConfig`, JSON and `model.save`.
import { OptimizerError } from "./errors.js";

/** Steps count updates, from 0: the first update uses the rate of step 0. */
export type Schedule =
  /** The same at every step. */
  | { readonly schedule: "constant"; readonly learningRate: number }
  /** Linear from 0 (at step 0) to `learningRate` (at step `warmupSteps`), which stays. */
  | { readonly schedule: "linearWarmup"; readonly learningRate: number; readonly warmupSteps: number }
  /** After an optional linear warm-up, half a cosine from `learningRate` down to `finalRate` (default 0) at step `steps`; `finalRate` beyond. */
  | { readonly schedule: "cosine"; readonly learningRate: number; readonly steps: number; readonly warmupSteps?: number; readonly finalRate?: number }
  /** Multiplied by `factor` (default 0.1) after every `every` steps. */
  | { readonly schedule: "step"; readonly learningRate: number; readonly every: number; readonly factor?: number };

/** A number, a function of the step (from 0; not saved with a model), or a schedule. */
export type LearningRate = number | ((step: number) => number) | Schedule;

/** The learning rate of `step` (from 0). */
export function learningRateAt(rate: LearningRate, step: number): number {
  if (typeof rate === "number") return rate;
  if (typeof rate === "function") return rate(step);
  const warm = "warmupSteps" in rate && rate.warmupSteps !== undefined ? rate.warmupSteps : 0;
  if (step < warm) return (rate.learningRate * step) / warm;
  switch (rate.schedule) {
    case "constant":
    case "linearWarmup":
      return rate.learningRate;
    case "cosine": {
      const { finalRate = 0, learningRate, steps } = rate;
      const progress = Math.min(1, (step - warm) / (steps - warm));
      return finalRate + ((learningRate - finalRate) * (1 + Math.cos(Math.PI * progress))) / 2;
    }
    case "step":
      return rate.learningRate * (rate.factor ?? 0.1) ** Math.floor(step / rate.every);
  }
}

const kinds = ["constant", "linearWarmup", "cosine", "step"];

/**
 * Checks what can be checked before the first step.
 *
 * @throws {OptimizerError} INVALID_OPTION naming the caller, the field and the value.
 */
export function checkLearningRate(caller: string, rate: LearningRate): void {
  const refuse = (field: string, needed: string, value: unknown) => new OptimizerError("INVALID_OPTION", `${caller}: \`${field}\` must be ${needed}, got ${String(value)}.`, { [field]: value });
  const nonNegative = (field: string, value: unknown) => {
    if (typeof value !== "number" || !(value >= 0) || value === Infinity) throw refuse(field, "a finite number of at least 0", value);
  };
  if (typeof rate === "number") return nonNegative("learningRate", rate);
  if (typeof rate === "function") return;
  if (typeof rate !== "object" || rate === null || !kinds.includes(rate.schedule)) throw refuse("learningRate", `a number, a function of the step, or a schedule { schedule: ${kinds.map((kind) => `"${kind}"`).join(" | ")}, … }`, typeof rate === "object" ? JSON.stringify(rate) : rate);
  nonNegative("learningRate", rate.learningRate);
  const count = (field: string, value: number, least: number) => {
    if (!Number.isInteger(value) || value < least) throw refuse(field, `a whole number of at least ${least}`, value);
  };
  if (rate.schedule === "linearWarmup") count("warmupSteps", rate.warmupSteps, 0);
  if (rate.schedule === "cosine") {
    count("warmupSteps", rate.warmupSteps ?? 0, 0);
    count("steps", rate.steps, (rate.warmupSteps ?? 0) + 1);
    nonNegative("finalRate", rate.finalRate ?? 0);
  }
  if (rate.schedule === "step") {
    count("every", rate.every, 1);
    nonNegative("factor", rate.factor ?? 0.1);
  }
}

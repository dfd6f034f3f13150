// SynExp (PreCrop, arXiv:2203.02549): maximise Σ log pₗ under budgets. The closed form and its solution are derived here; the paper states the program.
import { WarmstartError } from "@warmstart/init-core";

/** Share of the original (at most 1) or an absolute number (above 1) of kernel parameters and multiply-adds. */
export interface CropBudget {
  readonly params?: number;
  readonly flops?: number;
}

export interface SynExpDensities {
  /** `pₗ = min(upper, 1 / (λ_P·αₗ + λ_F·βₗ))`. */
  readonly densities: readonly number[];
  /** `Σ log pₗ`. */
  readonly objective: number;
  /** With one budget that binds: what every cropped layer keeps of its cost. */
  readonly mu?: number;
  /** Shares of the original that are used. */
  readonly paramUse: number;
  readonly flopUse: number;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/**
 * Layer-wise densities by water-filling: with one budget every layer that is cropped keeps the same number of weights (or of
 * multiply-adds), and those that have no more stay whole.
 *
 * @param alpha kernel weights of each layer.
 * @param beta multiply-adds of each layer.
 * @param upper largest density; above 1 for PreConfig. Infinity is allowed where a budget binds.
 * @throws {WarmstartError} INVALID_OPTION for a budget that is missing, not positive or NaN, SHAPE_MISMATCH for lists that do not fit.
 *
 * @example
 * synExpDensities([432, 4608, 18432, 640], macs, { params: 0.25 }).densities;   // 1, 0.538, 0.134, 1
 */
export function synExpDensities(alpha: readonly number[], beta: readonly number[], budget: CropBudget, upper = 1): SynExpDensities {
  if (alpha.length !== beta.length || [...alpha, ...beta].some((cost) => !(cost > 0))) {
    throw new WarmstartError("SHAPE_MISMATCH", `synExpDensities: alpha and beta must be positive and as many as the layers, got ${alpha.length} and ${beta.length}. Leave layers without weights out.`, { alpha: alpha.length, beta: beta.length });
  }
  if (!(upper > 0)) throw new WarmstartError("INVALID_OPTION", `synExpDensities: upper must be positive, got ${upper}. 1 crops, 2 lets layers grow to twice their size.`, { upper });
  const limits = absoluteBudget(budget, sum(alpha), sum(beta), "synExpDensities");
  const costs = [limits.params === undefined ? undefined : alpha.map((cost) => cost / limits.params!), limits.flops === undefined ? undefined : beta.map((cost) => cost / limits.flops!)].filter((cost) => cost !== undefined);
  const lambda = costs.map(() => 0);
  const densitiesAt = (at: readonly number[]) => alpha.map((_, l) => Math.min(upper, 1 / sum(costs.map((cost, k) => at[k]! * cost[l]!))));
  const used = (k: number, at: readonly number[]) => sum(densitiesAt(at).map((density, l) => density * costs[k]![l]!));
  // Alternate: each multiplier so that its own budget is just met, given the other. One budget is done after one round.
  for (let round = 0; round < 1000; round++) {
    let change = 0;
    for (const k of costs.keys()) {
      const at = (value: number) => lambda.with(k, value);
      const next = used(k, at(0)) <= 1 ? 0 : bisect((value) => used(k, at(value)) > 1, alpha.length);
      change = Math.max(change, Math.abs(next - lambda[k]!) / Math.max(1, next));
      lambda[k] = next;
    }
    if (change < 1e-13) break;
  }
  const densities = densitiesAt(lambda);
  const useOf = (cost: readonly number[]) => sum(cost.map((value, l) => value * densities[l]!)) / sum(cost);
  const mu = costs.length === 1 && lambda[0]! > 0 ? { mu: (limits.params ?? limits.flops!) / lambda[0]! } : {};
  return { densities, objective: sum(densities.map(Math.log)), ...mu, paramUse: useOf(alpha), flopUse: useOf(beta) };
}

/** The largest value (up to `high`) at which `tooMuch` still holds turns into the smallest at which it does not: 200 halvings. */
function bisect(tooMuch: (value: number) => boolean, high: number): number {
  let [low, top] = [0, high];
  for (let i = 0; i < 200 && low < top; i++) {
    const middle = (low + top) / 2;
    if (middle === low || middle === top) break;
    if (tooMuch(middle)) low = middle;
    else top = middle;
  }
  return top;
}

/** Budgets as numbers. @throws INVALID_OPTION. */
export function absoluteBudget(budget: CropBudget, params: number, flops: number, caller: string): { readonly params?: number; readonly flops?: number } {
  const absolute = (name: "params" | "flops", whole: number) => {
    const value = budget[name];
    if (value === undefined) return {};
    if (!(value > 0 && value < Infinity)) {
      throw new WarmstartError("INVALID_OPTION", `${caller}: budget.${name} must be a share of the original (above 0, at most 1) or an absolute number (above 1), got ${value}. 0.5 keeps half.`, { option: `budget.${name}`, received: value });
    }
    return { [name]: value <= 1 ? value * whole : value };
  };
  if (budget.params === undefined && budget.flops === undefined) {
    throw new WarmstartError("INVALID_OPTION", `${caller}: the budget names neither params nor flops. Give { params: 0.5 }, { flops: 0.5 } or both.`, { option: "budget" });
  }
  return { ...absolute("params", params), ...absolute("flops", flops) };
}

// The channel-level program of PreCrop as a geometric program: maximise Σ n_g·log s_g under posynomial budgets. Derived here, not in the paper.
import type { CostTerm } from "./cost-terms.js";

/** One budget: a sum of terms `weight · Π s` that may reach 1. */
export interface ScaledBudget {
  readonly terms: readonly { readonly weight: number; readonly groups: readonly number[] }[];
}

export interface CoupledProblem {
  /** Slots of each group; groups with 0 take their upper bound where it costs nothing, else their lower. */
  readonly slots: readonly number[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  readonly budgets: readonly ScaledBudget[];
}

export interface CoupledScales {
  readonly scales: number[];
  /** Multiplier of each budget; 0 where it does not bind. */
  readonly multipliers: readonly number[];
}

/** A budget of the costs in the scales `s_g = c_g / C_g`. */
export function scaledBudget(terms: readonly CostTerm[], kind: "params" | "macs", widths: readonly number[], limit: number): ScaledBudget {
  const merged = new Map<string, { weight: number; groups: readonly number[] }>();
  for (const term of terms) {
    const groups = term.groups.toSorted((a, b) => a - b);
    const weight = groups.reduce((product, group) => product * widths[group]!, term[kind]) / limit;
    const known = merged.get(groups.join());
    if (known === undefined) merged.set(groups.join(), { weight, groups });
    else known.weight += weight;
  }
  return { terms: [...merged.values()] };
}

export const budgetUse = ({ terms }: ScaledBudget, scales: ArrayLike<number>): number => terms.reduce((sum, { weight, groups }) => sum + groups.reduce((product, group) => product * scales[group]!, weight), 0);

const maxSweeps = 2000;

/**
 * The continuous optimum. For given multipliers each group has a closed form (one positive root of a quadratic), taken in turn until
 * nothing moves; the multipliers are bisected, with two budgets in alternation. Every budget can be met at `lower`.
 */
export function coupledScales({ slots, lower, upper, budgets }: CoupledProblem): CoupledScales {
  const touching = slots.map((_, group) => budgets.map(({ terms }) => terms.filter(({ groups }) => groups.includes(group))));
  const free = slots.flatMap((_, group) => (lower[group]! < upper[group]! ? [group] : []));
  const scales = Float64Array.from(slots, (_, group) => Math.min(Math.max(1, lower[group]!), upper[group]!));
  const settle = (multipliers: readonly number[]) => {
    for (let sweep = 0; sweep < maxSweeps; sweep++) {
      let change = 0;
      for (const group of free) {
        const best = Math.min(Math.max(stationary(group, multipliers), lower[group]!), upper[group]!);
        change = Math.max(change, Math.abs(best / scales[group]! - 1));
        scales[group] = best;
      }
      if (change < 1e-13) return;
    }
  };
  const stationary = (group: number, multipliers: readonly number[]): number => {
    let [linear, quadratic] = [0, 0]; // n/s = linear + quadratic·s
    for (const [k, multiplier] of multipliers.entries()) {
      if (multiplier === 0) continue;
      for (const { weight, groups } of touching[group]![k]!) {
        if (groups.length === 2 && groups[0] === groups[1]) quadratic += 2 * multiplier * weight;
        else linear += multiplier * weight * (groups.length === 1 ? 1 : scales[groups[0] === group ? groups[1]! : groups[0]!]!);
      }
    }
    const n = slots[group]!;
    if (quadratic === 0) return linear === 0 ? Infinity : n / linear;
    return (2 * n) / (linear + Math.sqrt(linear * linear + 4 * quadratic * n)); // without cancellation
  };
  const multipliers = budgets.map(() => 0);
  const use = (k: number, value: number) => {
    multipliers[k] = value;
    settle(multipliers);
    return budgetUse(budgets[k]!, scales);
  };
  for (let round = 0; round < 200; round++) {
    let change = 0;
    for (const k of budgets.keys()) {
      const before = multipliers[k]!;
      const next = use(k, 0) <= 1 ? 0 : geometricBisection((value) => use(k, value));
      use(k, next);
      change = Math.max(change, Math.abs(next - before) / Math.max(1, next));
    }
    if (change < 1e-12 || budgets.length === 1) break;
  }
  return { scales: [...scales], multipliers };
}

/** Where a falling `use` crosses 1. The multiplier of a budget whose terms sum to 1 lies near the number of slots, so 1e±12 holds it. */
function geometricBisection(use: (value: number) => number): number {
  let [low, high] = [1e-12, 1e12];
  for (let i = 0; i < 200 && high / low > 1 + 1e-15; i++) {
    const middle = Math.sqrt(low * high);
    const now = use(middle);
    if (now > 1) low = middle;
    else high = middle;
    if (now <= 1 && now > 1 - 1e-13) break;
  }
  return high;
}

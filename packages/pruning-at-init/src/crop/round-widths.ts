// From continuous widths to whole ones that meet the budgets exactly: round, repair, fill, exchange. Derived here, not in the paper.
import { WarmstartError } from "@warmstart/init-core";
import { costAt, type CostTerm } from "./cost-terms.js";

interface IntegerBudget {
  readonly kind: "params" | "macs";
  readonly limit: number;
}

export interface RoundingProblem {
  /** Continuous widths. */
  readonly target: readonly number[];
  readonly slots: readonly number[];
  readonly terms: readonly CostTerm[];
  readonly budgets: readonly IntegerBudget[];
  readonly lower: readonly number[];
  readonly upper: readonly number[];
  /** Widths are multiples of it, but for bounds that are none. */
  readonly roundTo: number;
  /** Whether to fill up and exchange after the repair: that maximises the coupled objective, whatever the targets were. */
  readonly improve: boolean;
}

/**
 * Whole widths whose costs are within every budget: rounded half up; then channels are taken where they cost the objective least a
 * unit of budget, given where one more fits, and exchanged between two groups as long as the objective gains.
 *
 * @throws {WarmstartError} INVALID_OPTION when the budget cannot be met, with the least that can be reached.
 */
export function roundWidths({ target, slots, terms, budgets, lower, upper, roundTo, improve }: RoundingProblem, caller: string): number[] {
  const free = target.flatMap((_, group) => (lower[group]! < upper[group]! ? [group] : []));
  const touching = target.map((_, group) => terms.filter(({ groups }) => groups.includes(group)));
  const clamp = (width: number, group: number) => Math.min(Math.max(width, lower[group]!), upper[group]!);
  const widths = target.map((width, group) => (lower[group]! < upper[group]! ? clamp(Math.floor(width / roundTo + 0.5) * roundTo, group) : upper[group]!));
  const costs = budgets.map(({ kind }) => costAt(terms, kind, widths));
  const down = (group: number, width = widths[group]!) => Math.max((Math.ceil(width / roundTo) - 1) * roundTo, 0);
  const up = (group: number, width = widths[group]!) => Math.min((Math.floor(width / roundTo) + 1) * roundTo, upper[group]!);
  const gain = (group: number, to: number, from = widths[group]!) => slots[group]! * (Math.log(to) - Math.log(from));

  /** Change of each cost when `group` gets `to` channels. */
  const delta = (group: number, to: number): number[] => {
    const from = widths[group]!;
    const part = (kind: IntegerBudget["kind"]) => costAt(touching[group]!, kind, widths);
    const before = budgets.map(({ kind }) => part(kind));
    widths[group] = to;
    const change = budgets.map(({ kind }, k) => part(kind) - before[k]!);
    widths[group] = from;
    return change;
  };
  const set = (group: number, to: number) => {
    for (const [k, change] of delta(group, to).entries()) costs[k]! += change;
    widths[group] = to;
  };
  const fits = (change: readonly number[]) => budgets.every(({ limit }, k) => costs[k]! + change[k]! <= limit);
  /** Budget spent by a change, as a share: one figure for several budgets. */
  const spent = (change: readonly number[], over: (k: number) => boolean) => change.reduce((sum, value, k) => (over(k) ? sum + value / budgets[k]!.limit : sum), 0);

  /** The group with the largest score; the first of equals. */
  const best = (score: (group: number) => number | undefined): number | undefined => {
    let [found, top]: [number | undefined, number] = [undefined, -Infinity];
    for (const group of free) {
      const value = score(group);
      if (value !== undefined && value > top) [found, top] = [group, value];
    }
    return found;
  };

  const repair = () => {
    const over = (k: number) => costs[k]! > budgets[k]!.limit;
    while (budgets.some((_, k) => over(k))) {
      const group = best((candidate) => {
        const to = down(candidate);
        if (to < lower[candidate]! || to < 1) return undefined;
        const saved = -spent(delta(candidate, to), over);
        return saved > 0 ? gain(candidate, to) / saved : undefined;
      });
      if (group === undefined) throw new WarmstartError("INVALID_OPTION", infeasible(), { option: "budget" });
      set(group, down(group));
    }
  };
  const infeasible = () => {
    const least = budgets.map(({ kind, limit }) => `${kind === "macs" ? "flops" : "params"} at least ${costAt(terms, kind, lower)} (budget ${Math.floor(limit)})`);
    return `${caller}: the budget is too small for this model: with every group at its least width it needs ${least.join(" and ")}. Raise the budget, or lower minChannels and roundTo.`;
  };
  const fill = () => {
    for (;;) {
      const group = best((candidate) => {
        const to = up(candidate);
        if (to <= widths[candidate]!) return undefined;
        const change = delta(candidate, to);
        return fits(change) ? gain(candidate, to) / spent(change, () => true) : undefined;
      });
      if (group === undefined) return;
      set(group, up(group));
    }
  };
  /** Raises one group and lowers another until it fits; the best such pair, if it gains. */
  const exchange = (): boolean => {
    let found: { readonly raise: number; readonly to: number; readonly lowered: number; readonly at: number } | undefined;
    let top = 1e-12;
    for (const raise of free) {
      const to = up(raise);
      const from = widths[raise]!;
      if (to <= from) continue;
      const gained = gain(raise, to);
      set(raise, to);
      for (const lowered of free) {
        if (lowered === raise) continue;
        for (let at = down(lowered); at >= lower[lowered]! && at >= 1; at = down(lowered, at)) {
          const total = gained + gain(lowered, at);
          if (total <= top) break;
          if (!fits(delta(lowered, at))) continue;
          [found, top] = [{ raise, to, lowered, at }, total];
          break;
        }
      }
      set(raise, from);
    }
    if (found === undefined) return false;
    set(found.raise, found.to);
    set(found.lowered, found.at);
    return true;
  };

  repair();
  if (improve) {
    fill();
    while (exchange());
    fill();
  }
  return widths;
}

// What the runs say: each optimizer's best setting, how much of the grid comes near it, and the paper's claims, true or false.
import { deviation, mean, pairedDifference, percent, type Claim } from "../statistics.js";
import { grid, names, type Name, type Setting } from "./contenders.js";
import type { Result } from "./results.js";

interface Cell extends Setting {
  /** Mean over seeds; Infinity where one left the numbers. */
  readonly mean: number;
  readonly sd: number;
  readonly values: readonly number[];
}

export interface Standing {
  readonly optimizer: Name;
  readonly cells: readonly Cell[];
  readonly best: Cell;
  /** Share of the grid whose mean is at most 5 % above the best of all optimizers. */
  readonly nearBestOfAll: number;
  /** The same against its own best: how little the choice matters. */
  readonly nearOwnBest: number;
}

const near = 1.05;

function cellOf(results: readonly Result[], optimizer: Name, setting: Setting): Cell | undefined {
  const found = results.filter((result) => result.optimizer === optimizer && result.learningRate === setting.learningRate && (result.weightDecay === setting.weightDecay || optimizer === "Adam"));
  if (found.length === 0) return undefined;
  const values = found.toSorted((a, b) => a.seed - b.seed).map(({ value }) => value ?? Infinity);
  const finite = values.every(Number.isFinite);
  return { ...setting, values, mean: finite ? mean(values) : Infinity, sd: finite ? deviation(values) : NaN };
}

/** Of the results of one task. */
export function standings(results: readonly Result[]): Standing[] {
  const settings = grid.learningRates.flatMap((learningRate) => grid.weightDecays.map((weightDecay) => ({ learningRate, weightDecay })));
  const all = names.flatMap((optimizer) => {
    const cells = settings.flatMap((setting) => cellOf(results, optimizer, setting) ?? []);
    return cells.length === 0 ? [] : [{ optimizer, cells, best: cells.reduce((a, b) => (b.mean < a.mean ? b : a)) }];
  });
  const top = Math.min(...all.map(({ best }) => best.mean));
  const share = (cells: readonly Cell[], bound: number) => cells.filter((cell) => cell.mean <= near * bound).length / cells.length;
  return all.map((standing) => ({ ...standing, nearBestOfAll: share(standing.cells, top), nearOwnBest: share(standing.cells, standing.best.mean) }));
}

/** The paper's claims on one task. A difference counts when it is more than the standard error of the paired differences. */
export function claims(all: readonly Standing[]): Claim[] {
  const of = (name: Name) => all.find(({ optimizer }) => optimizer === name);
  const [sai, adam] = [of("SGD-SaI"), of("AdamW")];
  if (sai === undefined || adam === undefined) return [];
  const atBest = (other: Standing) => ({ ...pairedDifference(sai.best.values, other.best.values), name: other.optimizer });
  const rivals = (["momentum", "SGD"] as const).flatMap((name) => of(name) ?? []).map(atBest);
  const toAdam = atBest(adam);
  return [
    { claim: "At its best setting SGD-SaI is no worse than AdamW", holds: toAdam.gap <= toAdam.error, because: toAdam.text },
    ...rivals.map(({ name, gap, error, text }) => ({ claim: `At its best setting SGD-SaI is better than ${name}`, holds: gap < -error, because: text })),
    { claim: "More of the grid is within 5 % of the best of all for SGD-SaI than for AdamW", holds: sai.nearBestOfAll > adam.nearBestOfAll, because: `${percent(sai.nearBestOfAll)} against ${percent(adam.nearBestOfAll)}` },
    { claim: "More of the grid is within 5 % of its own best for SGD-SaI than for AdamW", holds: sai.nearOwnBest > adam.nearOwnBest, because: `${percent(sai.nearOwnBest)} against ${percent(adam.nearOwnBest)}` },
  ];
}

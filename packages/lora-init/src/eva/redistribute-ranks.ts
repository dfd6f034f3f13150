import { WarmstartError } from "@warmstart/init-core";
import { alphaForRank, loraScale } from "../scale.js";

export interface RedistributeRanksOptions {
  /** Base rank: one for all layers, or by layer. The budget is their sum. */
  readonly r: number | Readonly<Record<string, number>>;
  /** A layer gets at most ρ times its base rank, halves rounded to even. 1 keeps ranks uniform. Default 2. */
  readonly rho?: number;
  readonly loraAlpha?: number;
  readonly useRslora?: boolean;
  /** Adjusts every layer's alpha so that its scale stays that of the base rank. Default true. */
  readonly adjustScale?: boolean;
  /** Each layer's first components are dealt out before the rest is pooled. Default 0: a layer may lose its adapter. */
  readonly minRank?: number;
}

export interface RankDistribution {
  readonly ranks: Readonly<Record<string, number>>;
  readonly alphas: Readonly<Record<string, number>>;
  /** The factor in front of each layer's product; 0 where there is no adapter. */
  readonly scales: Readonly<Record<string, number>>;
  /** Most components a layer may get. */
  readonly caps: Readonly<Record<string, number>>;
  readonly budget: number;
  /** The smallest explained variance ratio that was taken. */
  readonly threshold: number;
}

/**
 * Moves ranks to where the variance is (EVA, arXiv:2410.07170, §3): pools the explained variance ratios of all layers and takes
 * the largest `budget` of them; a layer's rank is how many of its own were taken. Ties go to the lower component, then to the layer named first.
 *
 * @param ratios by layer, in the order of the network, descending in each.
 * @throws {WarmstartError} INVALID_OPTION for rho < 1 or a rank that is no whole number ≥ 1.
 *
 * @example
 * redistributeRanks({ q: [0.5, 0.2, 0.1], up: [0.3, 0.25, 0.15], down: [0.09, 0.08, 0.07] }, { r: 2 }).ranks; // { q: 2, up: 3, down: 1 }
 */
export function redistributeRanks(ratios: Readonly<Record<string, ArrayLike<number>>>, options: RedistributeRanksOptions): RankDistribution {
  const { rho = 2, loraAlpha = 8, useRslora = false, adjustScale = true, minRank = 0 } = options;
  if (!(rho >= 1)) throw new WarmstartError("INVALID_OPTION", `redistributeRanks: \`rho\` must be at least 1 (1 keeps ranks uniform), got ${rho}.`, { rho });
  if (!Number.isInteger(minRank) || minRank < 0) throw new WarmstartError("INVALID_OPTION", `redistributeRanks: \`minRank\` must be a whole number of at least 0, got ${minRank}.`, { minRank });
  const layers = Object.keys(ratios);
  const base = (layer: string) => (typeof options.r === "number" ? options.r : options.r[layer]!);
  const caps = Object.fromEntries(layers.map((layer) => [layer, Math.min(roundHalfEven(base(layer) * rho), ratios[layer]!.length)]));
  const budget = layers.reduce((sum, layer) => sum + base(layer), 0);
  const pool = layers.flatMap((layer, order) => Array.from({ length: caps[layer]! }, (_, component) => ({ layer, order, component, ratio: ratios[layer]![component]! })));
  const dealt = (component: number) => (component < minRank ? 0 : 1);
  const taken = pool.toSorted((a, b) => dealt(a.component) - dealt(b.component) || b.ratio - a.ratio || a.component - b.component || a.order - b.order).slice(0, budget);
  const ranks = Object.fromEntries(layers.map((layer) => [layer, taken.filter((entry) => entry.layer === layer).length]));
  const alphas = Object.fromEntries(layers.map((layer) => [layer, adjustScale ? alphaForRank({ r: base(layer), loraAlpha, useRslora }, ranks[layer]!) : loraAlpha]));
  const scales = Object.fromEntries(layers.map((layer) => [layer, ranks[layer] === 0 ? 0 : loraScale({ r: ranks[layer]!, loraAlpha: alphas[layer]!, useRslora })]));
  return { ranks, alphas, scales, caps, budget, threshold: Math.min(...taken.map(({ ratio }) => ratio)) };
}

/** 2.5 → 2, 3.5 → 4, as Python rounds. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

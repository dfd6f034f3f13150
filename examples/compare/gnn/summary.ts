// What the runs say of one problem and layer: Virgo against each other start at each depth, better, worse or neither.
import { startNames, startTitles, type StartName } from "../../gnn/starts.js";
import { deviation, mean, meanText, pairedDifference } from "../statistics.js";
import type { Result } from "./results.js";

/** The starts that Virgo is said to beat. */
export const rivals = ["xavier", "kaiming"] as const;

export interface Comparison {
  readonly depth: number;
  readonly rival: StartName;
  /** Of scores of the same seed: by more than the standard error of the differences. */
  readonly verdict: "better" | "worse" | "no difference";
  readonly because: string;
}

/** In the order of the seeds. */
export function resultsOf(results: readonly Result[], depth: number, start: StartName): Result[] {
  return results.filter((result) => result.depth === depth && result.start === start).toSorted((a, b) => a.seed - b.seed);
}

export const depthsOf = (results: readonly Result[]): number[] => [...new Set(results.map(({ depth }) => depth))].toSorted((a, b) => a - b);
export const startsOf = (results: readonly Result[]): StartName[] => startNames.filter((start) => results.some((result) => result.start === start));

/** `ours` against Xavier and Kaiming, where there are runs of both with the same seed. */
export function comparisonsOf(results: readonly Result[], ours: StartName = "virgo"): Comparison[] {
  return depthsOf(results).flatMap((depth) =>
    rivals.flatMap((rival): Comparison[] => {
      const pairs = resultsOf(results, depth, ours).flatMap((own) => resultsOf(results, depth, rival).filter(({ seed }) => seed === own.seed).map((other) => [own.score, other.score] as const));
      if (pairs.length === 0) return [];
      const [own, others] = [pairs.map(([score]) => score), pairs.map(([, score]) => score)];
      const { gap, error, text } = pairedDifference(own, others, 2);
      return [{ depth, rival, verdict: gap > error ? "better" : -gap > error ? "worse" : "no difference", because: `${meanText(own, 2)} and ${meanText(others, 2)}; ${text}` }];
    }),
  );
}

/** By what factor the signal changes from one convolution to the next at the start, the geometric mean over depth and seeds; NaN when it leaves float32 or dies. */
export function signalStep(results: readonly Result[]): number {
  return Math.exp(mean(results.map(({ signal }) => (logarithm(signal.at(-2) ?? null) - logarithm(signal[0] ?? null)) / Math.max(1, signal.length - 2))));
}

/** Natural logarithm of mean squares by layer, over seeds: mean and deviation. */
export function signalCourse(results: readonly Result[]): { layer: number; center: number; spread: number }[] {
  return (results[0]?.signal ?? []).map((_, i) => {
    const values = results.map(({ signal }) => logarithm(signal[i] ?? null)).filter(Number.isFinite);
    return { layer: i + 1, center: mean(values), spread: deviation(values) || 0 };
  });
}

const logarithm = (square: number | null): number => (square === null ? NaN : Math.log(square));

export const scoreText = (results: readonly Result[]): string => (results.length === 0 ? "–" : meanText(results.map(({ score }) => score), 2));

/** "Virgo: better than Kaiming at depth 8, 16". */
export function inWords(comparisons: readonly Comparison[], rival: StartName): string {
  const own = comparisons.filter((comparison) => comparison.rival === rival);
  const at = (verdict: Comparison["verdict"]) => own.filter((comparison) => comparison.verdict === verdict).map(({ depth }) => depth);
  const parts = (["better", "no difference", "worse"] as const).flatMap((verdict) => (at(verdict).length === 0 ? [] : [`${verdict} at depth ${at(verdict).join(", ")}`]));
  return `${startTitles[rival]}: ${parts.join("; ")}`;
}

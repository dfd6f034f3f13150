// What the runs say: means over seeds, and the papers' claims, true or false. All functions take the results of one network on one data set.
import { mean, meanText, pairedDifference, type Claim } from "../statistics.js";
import type { Result } from "./results.js";
import { compressions, criteria, removals, savings, structuredMethods } from "./runs.js";

/** The results of one method at one amount, in the order of the seeds. */
export function cellOf(results: readonly Result[], method: string, amount: number): Result[] {
  return results.filter((result) => result.method === method && result.amount === amount).toSorted((a, b) => a.seed - b.seed);
}

export const accuracies = (cell: readonly Result[]): number[] => cell.map(({ accuracy }) => accuracy);

/** Ten classes: a network that has learned nothing is right in a tenth of the cases; half as much again is still chance. */
const chance = 15;

/** "97.31 ± 0.12 %". */
const accuracyText = (cell: readonly Result[]): string => `${meanText(accuracies(cell), 2)} %`;

/** Magnitude collapses, SynFlow does not (Tanaka et al. 2020). */
export function maskClaims(results: readonly Result[]): Claim[] {
  const both = compressions.flatMap((amount) => {
    const [magnitude, synflow] = [cellOf(results, "magnitude", amount), cellOf(results, "SynFlow", amount)];
    return magnitude.length === 0 || synflow.length === 0 ? [] : [{ amount, magnitude, synflow }];
  });
  if (both.length === 0) return [];
  const collapsed = both.filter(({ magnitude }) => mean(accuracies(magnitude)) <= chance);
  const shown = collapsed.find(({ synflow }) => mean(accuracies(synflow)) > chance) ?? collapsed[0] ?? both.at(-1)!;
  const { amount, magnitude, synflow } = shown;
  const holds = collapsed.length > 0 && mean(accuracies(synflow)) > chance;
  return [{ claim: "At a compression where magnitude collapses (accuracy at chance) SynFlow does not", holds, because: `at ${amountText(amount)} magnitude ${accuracyText(magnitude)}, SynFlow ${accuracyText(synflow)}; chance is up to ${chance} %` }];
}

/** PreCrop is at least as good as masks (Cai et al. 2022), at the budgets and against the methods that were run. */
export function structuredClaims(results: readonly Result[]): Claim[] {
  return savings.flatMap((amount) =>
    structuredMethods.filter((method) => method !== "PreCrop").flatMap((method) =>
      atLeastAsGood(cellOf(results, "PreCrop", amount), cellOf(results, method, amount), ["PreCrop", method], `With ${amount} times fewer multiply-adds PreCrop is at least as good as ${method} masks of as many weights`),
    ),
  );
}

/** Networks without some of their blocks are at least as good as the dense one (Jordao et al. 2023). */
export function layerClaims(results: readonly Result[]): Claim[] {
  const dense = cellOf(results, "dense", 1);
  return removals.flatMap((amount) =>
    criteria.flatMap((method) => atLeastAsGood(cellOf(results, method, amount), dense, [method, "dense"], `Without ${amount} of its blocks, chosen by ${method}, the network is at least as good as the dense one`)),
  );
}

/** Accuracy that is lower by no more than the standard error of the differences between runs of the same seed. */
function atLeastAsGood(a: readonly Result[], b: readonly Result[], [nameA, nameB]: readonly [string, string], claim: string): Claim[] {
  const seeds = a.map(({ seed }) => seed).filter((seed) => b.some((result) => result.seed === seed));
  if (seeds.length === 0) return [];
  const [ours, theirs] = [a, b].map((cell) => cell.filter(({ seed }) => seeds.includes(seed))) as [Result[], Result[]];
  const { gap, error, text } = pairedDifference(accuracies(ours), accuracies(theirs), 2);
  return [{ claim, holds: gap >= -error, because: `${nameA} ${accuracyText(ours)}, ${nameB} ${accuracyText(theirs)}; ${text}` }];
}

/** "10^2.5" for powers of ten that are no whole number, else the number. */
export const amountText = (amount: number): string => (Number.isInteger(amount) ? `${amount}` : `10^${Math.log10(amount)}`);

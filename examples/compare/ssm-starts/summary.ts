// What the runs say: means over seeds, and the paper's claims (Gu et al. 2022), true or false. All functions take the results of one task.
import { starts, type StartName } from "../../ssm/starts.js";
import { mean, meanText, pairedDifference, type Claim } from "../statistics.js";
import type { Result } from "./results.js";

const good = ["legs", "inv", "lin"] as const;
const randomStarts = ["rand", "random"] as const;

/** The results of one start, in the order of the seeds. */
export function resultsOf(results: readonly Result[], start: StartName): Result[] {
  return results.filter((result) => result.start === start).toSorted((a, b) => a.seed - b.seed);
}

export const accuracies = (results: readonly Result[]): number[] => results.map(({ accuracy }) => accuracy);

/** "97.31 ± 0.12 %". */
const accuracyText = (results: readonly Result[]): string => `${meanText(accuracies(results), 2)} %`;

/** What sequential MNIST should come to with S4D-LegS: the aim of this comparison, not a figure of the paper. */
const wanted = 97;

export function legsClaims(results: readonly Result[]): Claim[] {
  const legs = resultsOf(results, "legs");
  return legs.length === 0 ? [] : [{ claim: `${starts.legs.title} reaches at least ${wanted} %`, holds: mean(accuracies(legs)) >= wanted, because: `${accuracyText(legs)}, ${legs.length} seeds` }];
}

/** Each good start is better than each random one. */
export const randomClaims = (results: readonly Result[]): Claim[] => good.flatMap((start) => randomStarts.flatMap((other) => better(results, start, other)));

/** Each start with frequencies is better than decays alone. */
export const realClaims = (results: readonly Result[]): Claim[] => good.flatMap((start) => better(results, start, "real"));

/** Accuracy that is higher by more than the standard error of the differences between runs of the same seed. */
function better(results: readonly Result[], a: StartName, b: StartName): Claim[] {
  const seeds = resultsOf(results, a).map(({ seed }) => seed).filter((seed) => resultsOf(results, b).some((result) => result.seed === seed));
  if (seeds.length === 0) return [];
  const [ours, theirs] = [a, b].map((start) => resultsOf(results, start).filter(({ seed }) => seeds.includes(seed))) as [Result[], Result[]];
  const { gap, error, text } = pairedDifference(accuracies(ours), accuracies(theirs), 2);
  return [{ claim: `${starts[a].title} is better than ${starts[b].title}`, holds: gap > error, because: `${accuracyText(ours)} and ${accuracyText(theirs)}; ${text}` }];
}

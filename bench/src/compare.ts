// Ours against a peer: as a whole, or part by part where our row has parts.
import type { Peer } from "./definition.js";
import { median, rounded, significant, type Comparison, type Measured } from "./result.js";

/** A peer without parts of its own is compared with each part of ours, one with parts with those of the same name. */
export function compare(own: readonly Measured[], peer: Peer, theirs: readonly Measured[]): Comparison[] {
  const [ourParts, theirParts] = [partsOf(own), partsOf(theirs)];
  const smaller = "script" in peer ? undefined : peer.smaller;
  const comparison = (ours: number, measured: number, part?: string): Comparison => {
    const ms = measured * (smaller?.factor ?? 1);
    return { name: peer.name, backend: "script" in peer ? "torch cpu" : peer.backend, ...(part === undefined ? {} : { part }), ms_median: rounded(ms), ratio: significant(ours / ms), ...(smaller === undefined ? {} : { smaller }) };
  };
  if (ourParts.size === 0) return [comparison(wholeOf(own), wholeOf(theirs))];
  return [...ourParts].filter(([part]) => theirParts.size === 0 || theirParts.has(part)).map(([part, ms]) => comparison(ms, theirParts.get(part) ?? wholeOf(theirs), part));
}

/** The median of all turns of all rounds. */
export const wholeOf = (results: readonly Measured[]): number => median(results.flatMap(({ ms_all }) => ms_all));

/** The same of each part; empty for a row without parts. */
export function partsOf(results: readonly Measured[]): Map<string, number> {
  const names = Object.keys(results[0]?.parts ?? {});
  return new Map(names.map((name) => [name, median(results.flatMap(({ parts }) => parts?.[name] ?? []))]));
}

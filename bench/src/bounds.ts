// What a row must keep to, as data, and whether it does.
import { significant, type Comparison, type Growth, type Line } from "./result.js";

export type Bound =
  /** Ours / the peer's on one backend, of one part where the row has parts; without the peer nothing can be said. */
  | { readonly kind: "ratio"; readonly backend: string; readonly peer: string; readonly part?: string; readonly atMost: number }
  /** The peer's / ours: how many times as fast we are. */
  | { readonly kind: "faster"; readonly backend: string; readonly peer: string; readonly part?: string; readonly atLeast: number }
  /** One part of the row / another, which took turns in the same process. */
  | { readonly kind: "parts"; readonly part: string; readonly of: string; readonly atMost: number }
  /** Milliseconds, where no peer does the work. */
  | { readonly kind: "time"; readonly atMost: number }
  /** Largest memory of the process, in MB. */
  | { readonly kind: "memory"; readonly atMost: number }
  /** Bytes of state. */
  | { readonly kind: "state"; readonly atMost: number }
  /** A figure at the most batches / at the fewest. */
  | { readonly kind: "growth"; readonly figure: Exclude<keyof Growth, "batches">; readonly atMost: number };

export interface Verdict {
  readonly state: "pass" | "FAIL" | "not measured";
  readonly text: string;
}

/** The verdict on each bound that is about this row's backend. */
export function judge(line: Line, bounds: readonly Bound[]): Verdict[] {
  return bounds.flatMap((bound): Verdict[] => {
    if (bound.kind === "growth") return [growthVerdict(line, bound)];
    if (bound.kind === "time") return [{ state: line.ms_median <= bound.atMost ? "pass" : "FAIL", text: `${line.name} on ${line.backend}: at most ${bound.atMost} ms, measured ${line.ms_median}` }];
    if (bound.kind === "memory") return [{ state: line.peak_rss_mb <= bound.atMost ? "pass" : "FAIL", text: `${line.name} on ${line.backend}: a process of at most ${bound.atMost} MB, measured ${line.peak_rss_mb}` }];
    if (bound.kind === "parts") return [partsVerdict(line, bound)];
    if (bound.kind === "state") return [stateVerdict(line, bound.atMost)];
    return bound.backend === line.backend ? [timeVerdict(line, bound)] : [];
  });
}

function timeVerdict({ name, backend, peers = [] }: Line, bound: Bound & { kind: "ratio" | "faster" }): Verdict {
  const found = peers.find((peer) => peer.name === bound.peer && peer.part === bound.part);
  const what = `${name} on ${backend}${bound.part === undefined ? "" : `, ${bound.part}`}`;
  const wanted = bound.kind === "ratio" ? `${what}: at most ${bound.atMost} of ${bound.peer}'s time` : `${what}: at least ${bound.atLeast} times as fast as ${bound.peer}`;
  if (found === undefined) return { state: "not measured", text: wanted };
  const [measured, held] = bound.kind === "ratio" ? [found.ratio, found.ratio <= bound.atMost] : [Number((1 / found.ratio).toPrecision(3)), 1 / found.ratio >= bound.atLeast];
  return { state: held ? "pass" : "FAIL", text: `${wanted}, measured ${measured}${scaled(found)}` };
}

/** How a time came about that was not measured as it stands. */
export const scaled = ({ smaller }: Comparison): string => (smaller === undefined ? "" : ` (from ${smaller.shape}, × ${smaller.factor})`);

function stateVerdict({ name, backend, state_bytes }: Line, atMost: number): Verdict {
  if (state_bytes === undefined) return { state: "FAIL", text: `${name} on ${backend}: no state was measured` };
  return { state: state_bytes <= atMost ? "pass" : "FAIL", text: `${name} on ${backend}: state of ${state_bytes} bytes, at most ${atMost}` };
}

function partsVerdict({ name, backend, parts = {} }: Line, { part, of, atMost }: Bound & { kind: "parts" }): Verdict {
  const ratio = significant(parts[part]! / parts[of]!);
  return { state: ratio <= atMost ? "pass" : "FAIL", text: `${name} on ${backend}, ${part}: at most ${atMost} of ${of}'s time, measured ${ratio}` };
}

function growthVerdict({ name, backend, growth }: Line, { figure, atMost }: Bound & { kind: "growth" }): Verdict {
  if (growth === undefined) return { state: "FAIL", text: `${name} on ${backend}: no growth was measured` };
  const [few, many] = [growth[figure][0]!, growth[figure].at(-1)!];
  const text = `${name} on ${backend}: ${figure} ${few} at ${growth.batches[0]} batches, ${many} at ${growth.batches.at(-1)}, at most ${atMost} times`;
  return { state: many <= few * atMost ? "pass" : "FAIL", text };
}

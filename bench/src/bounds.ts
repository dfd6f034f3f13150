// What a row must keep to, as data, and whether it does.
import type { Growth, Line } from "./result.js";

export type Bound =
  /** Ours / the peer's on one backend; without the peer nothing can be said. */
  | { readonly kind: "ratio"; readonly backend: string; readonly peer: string; readonly atMost: number }
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
    if (bound.backend !== line.backend) return [];
    const ratio = line.peers?.find(({ name }) => name === bound.peer)?.ratio;
    const wanted = `${line.name} on ${line.backend}: at most ${bound.atMost} of ${bound.peer}'s time`;
    if (ratio === undefined) return [{ state: "not measured", text: wanted }];
    return [{ state: ratio <= bound.atMost ? "pass" : "FAIL", text: `${wanted}, measured ${ratio}` }];
  });
}

function growthVerdict({ name, backend, growth }: Line, { figure, atMost }: Bound & { kind: "growth" }): Verdict {
  if (growth === undefined) return { state: "FAIL", text: `${name} on ${backend}: no growth was measured` };
  const [few, many] = [growth[figure][0]!, growth[figure].at(-1)!];
  const text = `${name} on ${backend}: ${figure} ${few} at ${growth.batches[0]} batches, ${many} at ${growth.batches.at(-1)}, at most ${atMost} times`;
  return { state: many <= few * atMost ? "pass" : "FAIL", text };
}

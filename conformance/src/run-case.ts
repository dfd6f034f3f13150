// Runs one case: its runner's results against what is expected.
import type { ReferenceCase } from "./cases.js";
import { compare } from "./compare.js";
import type { Runner } from "./runner.js";
import type { Value } from "./values.js";

export interface Outcome {
  readonly passed: boolean;
  /** The largest error of the case as a share of its tolerance; Infinity where nothing is allowed. */
  readonly share: number;
  /** Of a failure: which name, and what is wrong with it. */
  readonly message: string;
}

/** Passes when every expected name was returned and passes; names beyond those are ignored. */
export function judge({ expected, compare: kinds, tolerance }: ReferenceCase, actual: Readonly<Record<string, Value>>): Outcome {
  let worst: Outcome = { passed: true, share: 0, message: "" };
  for (const [name, value] of Object.entries(expected)) {
    const { share, message } = name in actual ? compare(kinds[name]!, actual[name]!, value, tolerance.byName?.[name] ?? tolerance) : { share: Infinity, message: "is missing" };
    if (share > worst.share) worst = { passed: share <= 1, share, message: `${name}: ${message}` };
  }
  return worst;
}

/** Runs and judges; a runner that throws is a failure with its message. */
export async function runCase(reference: ReferenceCase, runner: Runner | undefined): Promise<Outcome> {
  if (runner === undefined) return { passed: false, share: Infinity, message: "no runner" };
  try {
    return judge(reference, await runner(reference));
  } catch (error) {
    return { passed: false, share: Infinity, message: `threw: ${error instanceof Error ? error.message : String(error)}` };
  }
}

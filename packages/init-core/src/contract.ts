// The contract that every @warmstart technique keeps: look (plan), then write (apply). docs/decisions/001-the-contract.md says why.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Network } from "./network.js";
import type { Report } from "./report.js";

/** How far a long computation is. `total` is absent where nobody knows it (a stream of data). */
export interface Progress {
  /** What is being done, for people: "observing inputs". */
  readonly stage: string;
  /** Units finished: batches, layers, steps. */
  readonly done: number;
  readonly total?: number;
}

/** What every technique takes beside its own options. */
export interface InitOptions {
  /** Makes random parts repeatable, with the same numbers on every backend. Default 0. */
  readonly seed?: number;
  /** Cancels between batches or layers; the target is then as it was. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One thing a plan will write to, in the order of the network: enough to recognise it under other automatic names. */
export interface PlanTarget {
  readonly path: string;
  readonly shape: readonly number[];
  /** Index among the network's parameters. Give it where a plan writes to some of several parameters of one shape, which order alone cannot tell apart. */
  readonly position?: number;
}

/**
 * What was computed, as data: typed JSON, tensors by name ("block/fc1/down"), a report. It owns its tensors.
 * Can be inspected, saved (`savePlan`), applied later or to the same model built again (`loadPlan`), or thrown away.
 */
export interface Plan<Details = unknown> {
  /** The published name of the method, "eva". */
  readonly method: string;
  /** JSON only, so that it can be saved. */
  readonly details: Details;
  readonly targets: readonly PlanTarget[];
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly report: Report;
  /** Frees the tensors. Calling it twice is fine. */
  dispose(): void;
}

/**
 * A published technique. The members are function properties, not methods: with method syntax TypeScript would accept an
 * initializer for another kind of target, which can only fail at run time.
 */
export interface Initializer<in Target, out P extends Plan = Plan, out Result = void> {
  readonly name: string;
  /** Looks at the target and computes; leaves the target as it was, also when it throws or is aborted. */
  readonly plan: (target: Target, options?: InitOptions) => Promise<P>;
  /**
   * Writes; synchronous. Checks the plan's method, every path and shape before the first write. `void` means that values were
   * written in place. Takes any plan, since one read from bytes has no better type (`expectPlan` checks it).
   */
  readonly apply: (target: Target, plan: Plan) => Result;
}

/**
 * Plans on any network, also one in plain tfjs-core; builds a new LayersModel and leaves the base alone. The type of all
 * techniques that change structure. Unchanged weights share their buffers with the base until one of the two trains.
 */
export interface ModelInitializer<P extends Plan = Plan> extends Initializer<LayersModel, P, LayersModel> {
  readonly plan: (target: LayersModel | Network, options?: InitOptions) => Promise<P>;
}

/** What `initialize` gives back: the target itself where values were written in place, else what the technique built. */
export interface Initialized<Target, P extends Plan, Result> {
  readonly result: [Result] extends [void] ? Target : Result;
  readonly report: Report;
  /** The plan's JSON: ranks, widths, what was removed. */
  readonly details: P["details"];
}

/**
 * Plans, applies, frees the plan: the one verb.
 *
 * @returns the result (owned by the caller) and the report of what was done.
 * @throws what the technique throws; the target is then unchanged and nothing is leaked.
 *
 * @example
 * const { result: model, report } = await initialize(base, eva({ r: 8, data: batches }), { seed: 1 });
 */
export async function initialize<Target, P extends Plan, Result>(target: Target, initializer: Initializer<Target, P, Result>, options: InitOptions = {}): Promise<Initialized<Target, P, Result>> {
  const plan = await initializer.plan(target, options);
  try {
    const built = initializer.apply(target, plan);
    // apply returns nothing exactly when its type says void: then the target itself is the result.
    return { result: (built === undefined ? target : built) as Initialized<Target, P, Result>["result"], report: plan.report, details: plan.details };
  } finally {
    plan.dispose();
  }
}

// From runs to the figures that the table shows and the sentences that they allow.
import { methodNames, titles, type MethodName } from "./protocol.js";
import type { Point, Run } from "./train.js";

export interface Summary {
  readonly method: MethodName;
  readonly seeds: number;
  /** Mean over seeds: EVA's differs a little by seed. */
  readonly trainableParameters: number;
  readonly initSeconds: number;
  readonly finalLoss: Spread;
  /** Steps and seconds (initialization counted) until the held-out loss was first at or below LoRA default's final one with the same seed; mean over seeds, null unless all seeds got there. */
  readonly stepsToDefault: number | null;
  readonly secondsToDefault: number | null;
  /** Seeds that got there. */
  readonly reached: number;
  /** Mean seconds of one training step. */
  readonly stepSeconds: number;
}

/** Mean, and the sample standard deviation where there is more than one value. */
export interface Spread {
  readonly mean: number;
  readonly sd: number | null;
}

export function spread(values: readonly number[]): Spread {
  const mean = average(values);
  if (values.length < 2) return { mean, sd: null };
  return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) };
}

/** The first point at or below `target`. */
export function firstReaching(points: readonly Point[], target: number): Point | undefined {
  return points.find(({ heldOutLoss }) => heldOutLoss <= target);
}

/** One summary a method that was run, in the usual order. LoRA default must be among them for every seed. */
export function summarize(runs: readonly Run[]): Summary[] {
  const target = new Map(runs.filter(({ method }) => method === "kaiming").map((run) => [run.seed, finalLoss(run)]));
  return methodNames.flatMap((method) => {
    const own = runs.filter((run) => run.method === method);
    if (own.length === 0) return [];
    const hits = own.flatMap((run) => {
      const bound = target.get(run.seed);
      if (bound === undefined) throw new Error(`summarize: no LoRA default run for seed ${run.seed} to compare ${method} with`);
      return firstReaching(run.points, bound) ?? [];
    });
    const all = hits.length === own.length;
    return {
      method,
      seeds: own.length,
      trainableParameters: Math.round(average(own.map(({ trainableParameters }) => trainableParameters))),
      initSeconds: average(own.map(({ initSeconds }) => initSeconds)),
      finalLoss: spread(own.map(finalLoss)),
      stepsToDefault: all ? average(hits.map(({ step }) => step)) : null,
      secondsToDefault: all ? average(hits.map(({ seconds }) => seconds)) : null,
      reached: hits.length,
      stepSeconds: average(own.map(({ points, initSeconds }) => (points.at(-1)!.seconds - initSeconds) / points.at(-1)!.step)),
    };
  });
}

export interface Claim {
  readonly text: string;
  readonly holds: boolean;
  /** The figures behind it. */
  readonly because: string;
}

/** What one may want to claim, each judged by the figures, whichever way it goes. */
export function claims(runs: readonly Run[]): Claim[] {
  const summaries = summarize(runs);
  const of = (method: MethodName) => summaries.find((summary) => summary.method === method);
  const normal = of("kaiming")!;
  const made: Claim[] = [];
  for (const method of ["pissa", "eva", "lora-sb"] as const) {
    const own = of(method);
    if (own === undefined) continue;
    const differences = runs.flatMap((run) => (run.method === method ? finalLoss(run) - finalLoss(defaultRun(runs, run.seed)) : []));
    const fewer = normal.trainableParameters / own.trainableParameters;
    made.push({
      text: `${titles[method]} ends below LoRA default${fewer > 1.5 ? `, with ${fewer.toFixed(1)} times fewer trainable parameters` : ""}`,
      holds: spread(differences).mean < 0,
      because: describeDifferences(differences),
    });
    made.push({
      text: `${titles[method]} gets to LoRA default's final loss in less time, initialization counted`,
      holds: own.secondsToDefault !== null && own.secondsToDefault < normal.secondsToDefault!,
      because: own.secondsToDefault === null ? (own.seeds === 1 ? "it did not get there" : `it got there in ${own.reached} of ${own.seeds} seeds`) : `${own.secondsToDefault.toFixed(1)} s against ${normal.secondsToDefault!.toFixed(1)} s`,
    });
  }
  const best = summaries.filter(({ method }) => method !== "full").toSorted((a, b) => a.finalLoss.mean - b.finalLoss.mean)[0]!;
  for (const full of runs.filter(({ method }) => method === "full").slice(0, 1)) {
    const rival = runs.find(({ method, seed }) => method === best.method && seed === full.seed)!;
    const difference = finalLoss(rival) - finalLoss(full);
    made.push({ text: `the best adapter (${titles[best.method]}) ends below full fine-tuning`, holds: difference < 0, because: `${signed(difference)} nats with the same seed, ${(full.trainableParameters / best.trainableParameters).toFixed(0)} times fewer trainable parameters` });
  }
  return made;
}

export function finalLoss({ points }: Run): number {
  return points.at(-1)!.heldOutLoss;
}

/** Differences below this, in nats a token, are called what they are. */
const tie = 0.01;

/** "−0.0123 ± 0.0045 nats, lower in 3 of 3 seeds": of runs with the same seed, and so the same batches. */
function describeDifferences(differences: readonly number[]): string {
  const { mean, sd } = spread(differences);
  const lower = differences.filter((difference) => difference < 0).length;
  const figures = sd === null ? `${signed(mean)} nats, one seed` : `${signed(mean)} ± ${sd.toFixed(4)} nats, lower in ${lower} of ${differences.length} seeds`;
  return Math.abs(mean) < tie ? `${figures}: about equal` : figures;
}

function defaultRun(runs: readonly Run[], seed: number): Run {
  return runs.find((run) => run.method === "kaiming" && run.seed === seed)!;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function signed(x: number): string {
  return `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(4)}`;
}

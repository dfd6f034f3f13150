import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import type { Size } from "../../ssm/smnist.js";
import { starts, type StartName } from "../../ssm/starts.js";
import { buildClassifier, train, type Point, type Training } from "../../ssm/train.js";
import type { Result, Results, Run, TaskName } from "./results.js";

/** What the runs of a comparison have in common. */
export interface Setting {
  readonly size: Size;
  readonly training: (task: TaskName, seed: number) => Training;
}

/** Called at every point of a run. */
export type OnPoint = (run: Run, point: Point) => void;

/** Seed by seed, so that one that is stopped has everything with fewer seeds. */
export function runsOf(tasks: readonly TaskName[], names: readonly StartName[], seeds: readonly number[]): Run[] {
  return tasks.flatMap((task) => seeds.flatMap((seed) => names.map((start): Run => ({ task, start, seed }))));
}

/** From a new model of the seed to its accuracy. Frees everything. */
export async function runOnce({ size, training }: Setting, run: Run, onPoint: OnPoint = () => undefined): Promise<Result> {
  const begun = performance.now();
  const how = training(run.task, run.seed);
  const model = buildClassifier({ ...size, ...starts[run.start].args, seed: run.seed }, how.train);
  try {
    const { points, seconds } = await train(model, how, run.seed, (_step, _loss, point) => point && onPoint(run, point));
    const tenths = (value: number) => Number(value.toFixed(1));
    return { ...run, steps: how.steps, backend: tf.getBackend(), points, accuracy: points.at(-1)!.accuracy, parameters: model.countParams(), seconds: tenths((performance.now() - begun) / 1000), trainingSeconds: tenths(seconds) };
  } finally {
    disposeModel(model);
  }
}

/** Runs what the file has not yet. */
export async function runAll(setting: Setting, steps: number, runs: readonly Run[], file: Results, onPoint: OnPoint, onRun: (result: Result, done: number, total: number) => void): Promise<void> {
  for (const [i, run] of runs.entries()) {
    if (file.has({ ...run, steps })) continue;
    const result = await runOnce(setting, run, onPoint);
    file.add(result);
    onRun(result, i + 1, runs.length);
  }
}

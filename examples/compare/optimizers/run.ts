import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { decays, grid, makeOptimizer, names, type Name, type Setting } from "./contenders.js";
import type { Result, Results } from "./results.js";
import type { Task } from "./task.js";

/** One training run; null where its numbers are no longer finite. Frees everything. */
export async function trainOnce(task: Task, name: Name, setting: Setting, seed: number): Promise<number | null> {
  const model = await task.build(seed);
  const optimizer = makeOptimizer(name, setting, task.steps);
  const batches = task.batches(seed);
  try {
    for (let step = 0; step < task.steps; step++) {
      task.step(model, optimizer, batches.next().value);
      if (step % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    const value = await task.evaluate(model);
    return Number.isFinite(value) ? value : null;
  } finally {
    optimizer.dispose();
    disposeModel(model);
  }
}

export interface Run extends Setting {
  readonly optimizer: Name;
  readonly seed: number;
}

/** All runs of the grid, seed by seed, so that one that is stopped has all settings with fewer seeds. */
export function* runsOf(seeds: readonly number[]): Generator<Run> {
  for (const seed of seeds) {
    for (const optimizer of names) {
      for (const learningRate of grid.learningRates) {
        for (const weightDecay of decays(optimizer) ? grid.weightDecays : [0]) yield { optimizer, learningRate, weightDecay, seed };
      }
    }
  }
}

/** Runs what the file has not yet. */
export async function runAll(task: Task, seeds: readonly number[], file: Results, onRun: (result: Result, done: number, total: number) => void): Promise<void> {
  const runs = [...runsOf(seeds)];
  for (const [i, run] of runs.entries()) {
    const key = { task: task.name, steps: task.steps, ...run };
    if (file.has(key)) continue;
    const begun = performance.now();
    const value = await trainOnce(task, run.optimizer, run, run.seed);
    const result: Result = { ...key, backend: tf.getBackend(), value, seconds: Number(((performance.now() - begun) / 1000).toFixed(1)) };
    file.add(result);
    onRun(result, i + 1, runs.length);
  }
}

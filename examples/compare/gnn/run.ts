import * as tf from "@tensorflow/tfjs";
import type { LayerName } from "../../gnn/model.js";
import type { StartName } from "../../gnn/starts.js";
import type { Point } from "../../gnn/training.js";
import type { Course, Loaded, Problem } from "./problems.js";
import type { Result, Results, Run } from "./results.js";

/** Seed by seed, so that one that is stopped has everything with fewer seeds. */
export function runsOf({ task, graph }: Pick<Problem, "task" | "graph">, layers: readonly LayerName[], depths: readonly number[], starts: readonly StartName[], seeds: number): Run[] {
  return Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) => layers.flatMap((layer) => depths.flatMap((depth) => starts.map((start): Run => ({ task, graph, layer, depth, start, seed })))));
}

/** Called at every point of a run. */
export type OnPoint = (run: Run, point: Point) => void;

export async function runOnce(loaded: Loaded, course: Course, run: Run, onPoint: OnPoint = () => undefined): Promise<Result> {
  const begun = performance.now();
  const { points, score, hits, signal, parameters, trainingSeconds } = await loaded.run({ ...course, layer: run.layer, depth: run.depth }, run.start, run.seed, (point) => onPoint(run, point));
  const digits = (value: number, count: number) => Number(value.toPrecision(count));
  return {
    ...run,
    steps: course.steps,
    hidden: course.hidden,
    backend: tf.getBackend(),
    score: digits(score, 5),
    ...(hits === undefined ? {} : { hits: digits(hits, 5) }),
    points: points.map(({ step, loss, valid, test }) => ({ step, loss: loss && digits(loss, 5), valid: valid && digits(valid, 5), test: digits(test, 5) })),
    signal: signal.map((square) => square && digits(square, 4)),
    parameters,
    seconds: digits((performance.now() - begun) / 1000, 4),
    trainingSeconds: digits(trainingSeconds, 4),
  };
}

/** Runs what the file has not yet; loads the data only if something is missing. False where they are not on this machine. */
export async function runProblem(problem: Pick<Problem, "load" | "course">, runs: readonly Run[], file: Results, onPoint: OnPoint, onRun: (result: Result, done: number, total: number) => void): Promise<boolean> {
  const { steps, hidden } = problem.course;
  const missing = runs.filter((run) => !file.has({ ...run, steps, hidden }));
  if (missing.length === 0) return true;
  const loaded = problem.load();
  if (loaded === undefined) return false;
  try {
    for (const [i, run] of missing.entries()) {
      const result = await runOnce(loaded, problem.course, run, onPoint);
      file.add(result);
      onRun(result, runs.length - missing.length + i + 1, runs.length);
    }
  } finally {
    loaded.dispose();
  }
  return true;
}

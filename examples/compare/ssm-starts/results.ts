import type { StartName } from "../../ssm/starts.js";
import type { Point } from "../../ssm/train.js";
import { ResultFile } from "../result-file.js";

export const taskNames = ["sequential", "permuted"] as const;
export type TaskName = (typeof taskNames)[number];

export interface Run {
  readonly task: TaskName;
  readonly start: StartName;
  /** Of starting values, batches and order of the pixels. */
  readonly seed: number;
}

interface RunKey extends Run {
  readonly steps: number;
}

export interface Result extends RunKey {
  readonly backend: string;
  /** The course of training; the last is after all steps, and on all held-out images. */
  readonly points: readonly Point[];
  /** Per cent of all held-out images, after the last step. */
  readonly accuracy: number;
  readonly parameters: number;
  /** The whole run, and its training steps. */
  readonly seconds: number;
  readonly trainingSeconds: number;
}

export type Results = ResultFile<RunKey, Result>;

export const openResults = (path: string): Results => new ResultFile(path, ({ task, start, seed, steps }) => [task, start, seed, steps].join(" "));

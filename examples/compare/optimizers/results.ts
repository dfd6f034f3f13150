import { ResultFile } from "../result-file.js";
import type { Name, Setting } from "./contenders.js";
import type { Task } from "./task.js";

interface RunKey extends Setting {
  readonly task: Task["name"];
  readonly optimizer: Name;
  readonly seed: number;
  readonly steps: number;
}

export interface Result extends RunKey {
  readonly backend: string;
  /** The metric on held-out data after the last step; null where training left the numbers. */
  readonly value: number | null;
  readonly seconds: number;
}

export type Results = ResultFile<RunKey, Result>;

export const openResults = (path: string): Results => new ResultFile(path, ({ task, optimizer, learningRate, weightDecay, seed, steps }) => [task, optimizer, learningRate, weightDecay, seed, steps].join(" "));

import type { LayerName } from "../../gnn/model.js";
import type { StartName } from "../../gnn/starts.js";
import type { Outcome } from "../../gnn/training.js";
import { ResultFile } from "../result-file.js";
import type { TaskName } from "./problems.js";

export interface Run {
  readonly task: TaskName;
  /** Name of the graph, or of the folder with a user's own. */
  readonly graph: string;
  readonly layer: LayerName;
  readonly depth: number;
  readonly start: StartName;
  /** Of split, starting values and batches. */
  readonly seed: number;
}

interface RunKey extends Run {
  readonly steps: number;
  readonly hidden: number;
}

export interface Result extends RunKey, Outcome {
  /** Links only: per cent of held-out links whose right end is among the first ten. */
  readonly hits?: number;
  readonly backend: string;
  /** The whole run. */
  readonly seconds: number;
}

export type Results = ResultFile<RunKey, Result>;

export const openResults = (path: string): Results => new ResultFile(path, ({ task, graph, layer, depth, start, seed, steps, hidden }) => [task, graph, layer, depth, start, seed, steps, hidden].join(" "));

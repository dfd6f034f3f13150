// What was run, a line of JSON a run, so that hours of runs can stop and go on.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Name, Setting } from "./contenders.js";
import type { Task } from "./task.js";

export interface Result extends Setting {
  readonly task: Task["name"];
  readonly optimizer: Name;
  readonly seed: number;
  readonly steps: number;
  readonly backend: string;
  /** The metric on held-out data after the last step; null where training left the numbers. */
  readonly value: number | null;
  readonly seconds: number;
}

const keyOf = ({ task, optimizer, learningRate, weightDecay, seed, steps }: Omit<Result, "value" | "seconds" | "backend">): string => [task, optimizer, learningRate, weightDecay, seed, steps].join(" ");

export class ResultFile {
  private readonly path: string;
  private readonly byKey = new Map<string, Result>();

  constructor(path: string) {
    this.path = path;
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean)) this.remember(JSON.parse(line) as Result);
  }

  private remember(result: Result): void {
    this.byKey.set(keyOf(result), result);
  }

  has(run: Omit<Result, "value" | "seconds" | "backend">): boolean {
    return this.byKey.has(keyOf(run));
  }

  add(result: Result): void {
    this.remember(result);
    appendFileSync(this.path, `${JSON.stringify(result)}\n`);
  }

  all(): Result[] {
    return [...this.byKey.values()];
  }
}

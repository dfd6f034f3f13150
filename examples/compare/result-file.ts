// What was run, a line of JSON a run, so that hours of runs can stop and go on.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

export class ResultFile<Key, Result extends Key> {
  private readonly path: string;
  private readonly keyOf: (run: Key) => string;
  private readonly byKey = new Map<string, Result>();

  /** @param keyOf what tells one run from another. */
  constructor(path: string, keyOf: (run: Key) => string) {
    this.path = path;
    this.keyOf = keyOf;
    if (existsSync(path)) for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean)) this.remember(JSON.parse(line) as Result);
  }

  private remember(result: Result): void {
    this.byKey.set(this.keyOf(result), result);
  }

  has(run: Key): boolean {
    return this.byKey.has(this.keyOf(run));
  }

  add(result: Result): void {
    this.remember(result);
    appendFileSync(this.path, `${JSON.stringify(result)}\n`);
  }

  all(): Result[] {
    return [...this.byKey.values()];
  }
}

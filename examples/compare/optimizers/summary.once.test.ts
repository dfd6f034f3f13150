import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { grid, type Name } from "./contenders.js";
import { reportOf } from "./page.js";
import { openResults, type Result } from "./results.js";
import { runsOf } from "./run.js";
import { claims, standings } from "./summary.js";

/** Every run of the grid, its value by `value`. */
const all = (value: (run: { optimizer: Name; learningRate: number; weightDecay: number; seed: number }) => number | null): Result[] =>
  [...runsOf([1, 2, 3])].map((run) => ({ task: "lm", steps: 40, backend: "none", seconds: 1, ...run, value: value(run) }));

// SGD-SaI: 5.0 wherever decay is small. AdamW: 4.5 at one rate alone, else 9. The others: 6, diverged at rate 1.
const example = all(({ optimizer, learningRate, weightDecay, seed }) => {
  const jitter = seed / 100;
  if (optimizer === "SGD-SaI") return (weightDecay < 0.1 ? 5 : 7) + jitter;
  if (optimizer === "AdamW") return (learningRate === 1e-3 ? 4.5 : 9) + jitter;
  return learningRate === 1 ? null : 6 + jitter;
});

describe("standings", () => {
  it("finds the best setting, and the share of the grid within 5 % of the best of all and of its own best", () => {
    const [sai, adam, plain] = standings(example);
    expect(sai).toMatchObject({ optimizer: "SGD-SaI", nearBestOfAll: 0, nearOwnBest: 10 / 15 });
    expect(sai!.best.mean).toBeCloseTo(5.02, 9);
    expect(sai!.best.sd).toBeCloseTo(0.01, 9);
    expect(adam).toMatchObject({ optimizer: "AdamW", nearBestOfAll: 3 / 15, nearOwnBest: 3 / 15 });
    expect(adam!.best).toMatchObject({ learningRate: 1e-3 });
    expect(plain).toMatchObject({ optimizer: "Adam", nearOwnBest: 12 / 15 }); // the three diverged cells are near nothing
  });

  it("judges each claim by the figures, also where the answer is no", () => {
    const judged = Object.fromEntries(claims(standings(example)).map(({ claim, holds }) => [claim, holds]));
    expect(judged).toEqual({
      "At its best setting SGD-SaI is no worse than AdamW": false,
      "At its best setting SGD-SaI is better than momentum": true,
      "At its best setting SGD-SaI is better than SGD": true,
      "More of the grid is within 5 % of the best of all for SGD-SaI than for AdamW": false,
      "More of the grid is within 5 % of its own best for SGD-SaI than for AdamW": true,
    });
    const swapped = all(({ optimizer, seed }) => (optimizer === "SGD-SaI" ? 4 : 5) + seed / 100);
    expect(claims(standings(swapped)).slice(0, 3).every(({ holds }) => holds)).toBe(true);
  });

  it("goes into a report that names what does not hold", () => {
    const report = reportOf({ name: "lm", title: "Example", metric: "loss", steps: 40 }, example);
    expect(report.notes).toHaveLength(2);
    expect(report.tables).toHaveLength(7);
    expect(report.tables[2]!.rows).toHaveLength(grid.learningRates.length);
    expect(report.facts.seeds).toBe(3);
  });
});

describe("the result file", () => {
  it("remembers what was run, also for the next process", () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const path = join(folder, "runs.jsonl");
    const first = openResults(path);
    for (const result of example.slice(0, 5)) first.add(result);
    const second = openResults(path);
    expect(second.all()).toEqual(example.slice(0, 5));
    expect(second.has(example[4]!)).toBe(true);
    expect(second.has(example[5]!)).toBe(false);
    expect(second.has({ ...example[4]!, steps: 41 })).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

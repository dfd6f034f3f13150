import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportPage } from "@warmstart/report";
import { describe, expect, it } from "vitest";
import { startNames } from "../../ssm/starts.js";
import { reportsOf } from "./page.js";
import { openResults, taskNames, type Result, type Run } from "./results.js";
import { runsOf } from "./run.js";
import { legsClaims, randomClaims, realClaims } from "./summary.js";

/** Every run, its accuracy by `accuracy`, with three seeds 0.1 apart. */
const all = (accuracy: (run: Run) => number): Result[] =>
  runsOf(taskNames, startNames, [1, 2, 3]).map((run) => {
    const last = accuracy(run) + run.seed / 10;
    return { ...run, steps: 100, backend: "none", points: [25, 50, 75, 100].map((step) => ({ step, loss: 1 - step / 200, accuracy: (last * step) / 100 })), accuracy: last, parameters: 1000, seconds: 70, trainingSeconds: 60 };
  });

/** LegS at 97.2, Real as good as Lin, random A better than Inv, everything else at 90. */
const example = all(({ start }) => ({ legs: 97, inv: 92, lin: 91, real: 91, rand: 90, random: 93 })[start]);
const sequential = example.filter(({ task }) => task === "sequential");

describe("the list of runs", () => {
  it("has every start, seed by seed, LegS first", () => {
    const runs = runsOf(["sequential"], startNames, [1, 2]);
    expect(runs).toHaveLength(12);
    expect(runs[0]).toEqual({ task: "sequential", start: "legs", seed: 1 });
    expect(runs.slice(0, 6).every(({ seed }) => seed === 1)).toBe(true);
  });
});

describe("the claims", () => {
  it("say whether LegS comes to 97 %", () => {
    expect(legsClaims(sequential)).toEqual([{ claim: "S4D-LegS reaches at least 97 %", holds: true, because: "97.20 ± 0.10 %, 3 seeds" }]);
    expect(legsClaims(all(() => 96.7).filter(({ task }) => task === "sequential"))[0]!.holds).toBe(false);
  });

  it("compare every good start with every random one, and with decays alone", () => {
    expect(randomClaims(sequential).map(({ claim, holds }) => [claim, holds])).toEqual([
      ["S4D-LegS is better than S4D-Rand", true],
      ["S4D-LegS is better than random A", true],
      ["S4D-Inv is better than S4D-Rand", true],
      ["S4D-Inv is better than random A", false],
      ["S4D-Lin is better than S4D-Rand", true],
      ["S4D-Lin is better than random A", false],
    ]);
    expect(realClaims(sequential).map(({ holds }) => holds)).toEqual([true, true, false]);
    expect(realClaims(sequential)[1]!.because).toBe("92.20 ± 0.10 % and 91.20 ± 0.10 %; difference 1.00 ± 0.00 (standard error, 3 seeds)");
  });

  it("ask for more than the standard error of the paired differences", () => {
    // Higher by 0.3, 0.1, −0.1: 0.1 on average, with a standard error of 0.115.
    const paired = (shift: number) => realClaims(all(({ start, seed }) => (start === "legs" ? 90 + shift + [0.3, 0.1, -0.1][seed - 1]! : 90)).filter(({ task }) => task === "sequential"))[0]!;
    expect(paired(0)).toMatchObject({ holds: false, because: expect.stringContaining("difference 0.10 ± 0.12 (standard error, 3 seeds)") });
    expect(paired(0.1).holds).toBe(true);
  });

  it("say nothing of what was not run", () => {
    expect([legsClaims([]), randomClaims([]), realClaims([])]).toEqual([[], [], []]);
  });
});

describe("the page", () => {
  it("begins with the claims, names what does not hold, and has means, spreads and bands", async () => {
    const reports = reportsOf(taskNames, 100, example);
    expect(reports.map(({ title }) => title)).toEqual(["How A starts", "MNIST pixel by pixel", "MNIST, pixels in a random order"]);
    expect(reports[0]!.tables[0]!.rows.map((row) => row.slice(2))).toEqual([
      ["MNIST pixel by pixel", "true", "97.20 ± 0.10 %, 3 seeds"],
      ["MNIST pixel by pixel", "false", "in 4 of 6 comparisons"],
      ["MNIST, pixels in a random order", "false", "in 4 of 6 comparisons"],
      ["MNIST pixel by pixel", "false", "in 2 of 3 comparisons"],
      ["MNIST, pixels in a random order", "false", "in 2 of 3 comparisons"],
    ]);
    expect(reports[1]!.tables[0]!.rows[0]).toEqual(["S4D-LegS", "24.30 ± 0.03", "48.60 ± 0.05", "97.20 ± 0.10", "0.500 ± 0.000", "1 ± 0"]);
    expect(reports[1]!.notes.filter((note) => note.startsWith("does not hold here"))).toHaveLength(3);
    expect(reports[1]!.plots.map(({ series }) => series.length)).toEqual([6, 6]);
    const { low, y, high } = reports[1]!.plots[0]!.series[0]!;
    expect([low![3]!, y[3]!, high![3]!].map((value) => Number(value.toFixed(6)))).toEqual([97.1, 97.2, 97.3]);
    expect(await reportPage(reports, { title: "How state space models start" })).toContain("<svg");
  });

  it("can be made of a single run, and of none", () => {
    const [claims, task] = reportsOf(taskNames, 100, example.slice(0, 1));
    expect(claims!.tables[0]!.rows).toHaveLength(1);
    expect(task!.tables[0]!.rows).toEqual([["S4D-LegS", "24.27 ± ?", "48.55 ± ?", "97.10 ± ?", "0.500 ± ?", "1 ± ?"]]);
    expect(reportsOf(taskNames, 100, [])).toHaveLength(1);
    expect(reportsOf(taskNames, 99, example)).toHaveLength(1);
  });
});

describe("the result file", () => {
  it("knows a run by task, start, seed and steps", () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const first = openResults(join(folder, "runs.jsonl"));
    for (const result of example.slice(0, 9)) first.add(result);
    const second = openResults(join(folder, "runs.jsonl"));
    expect(second.all()).toEqual(example.slice(0, 9));
    const known = example[8]!;
    expect(second.has({ ...known })).toBe(true);
    for (const other of [{ task: "permuted" }, { start: "random" }, { seed: 9 }, { steps: 7 }] as const) expect(second.has({ ...known, ...other })).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportPage } from "@warmstart/report";
import { describe, expect, it } from "vitest";
import { startNames } from "../../gnn/starts.js";
import { reportsOf } from "./page.js";
import { problems } from "./problems.js";
import { openResults, type Result, type Run } from "./results.js";
import { runsOf } from "./run.js";
import { comparisonsOf, inWords, signalStep } from "./summary.js";

const karate = problems.find(({ graph }) => graph === "karate")!;
const flights = problems.find(({ graph }) => graph === "flights")!;

/** All starts at depths 2 and 4, three seeds; the signal halves from layer to layer but with Virgo. */
const all = (score: (run: Run) => number, problem = karate): Result[] =>
  runsOf(problem, ["gcn"], [2, 4], startNames, 3).map((run) => ({
    ...run,
    steps: problem.course.steps,
    hidden: problem.course.hidden,
    backend: "none",
    points: [25, 50, 75, 100].map((step) => ({ step, loss: 1 / step, valid: null, test: score(run) })),
    score: score(run),
    ...(problem.task === "links" ? { hits: 30 } : {}),
    signal: Array.from({ length: run.depth }, (_, i) => (run.start === "virgo" ? 1 : 2 ** -i)),
    parameters: 10,
    seconds: 2,
    trainingSeconds: 1,
  }));

/** Better than Xavier by 2, as good as Kaiming at depth 2 and worse by 1 at depth 4. */
const example = all(({ start, depth, seed }) => 80 + seed / 10 + (start === "xavier" ? -2 : start === "kaiming" && depth === 4 ? 1 : 0));

describe("the list of runs", () => {
  it("is seed by seed", () => {
    const runs = runsOf(karate, ["gcn", "gin"], [2, 4], ["virgo", "xavier"], 2);
    expect(runs).toHaveLength(16);
    expect(runs[0]).toEqual({ task: "nodes", graph: "karate", layer: "gcn", depth: 2, start: "virgo", seed: 1 });
    expect(runs.slice(0, 8).every(({ seed }) => seed === 1)).toBe(true);
  });
});

describe("the comparisons", () => {
  it("say better, worse or neither, at each depth", () => {
    const comparisons = comparisonsOf(example);
    expect(comparisons.map(({ depth, rival, verdict }) => [depth, rival, verdict])).toEqual([[2, "xavier", "better"], [2, "kaiming", "no difference"], [4, "xavier", "better"], [4, "kaiming", "worse"]]);
    expect(comparisons[0]!.because).toBe("80.20 ± 0.10 and 78.20 ± 0.10; difference 2.00 ± 0.00 (standard error, 3 seeds)");
    expect(inWords(comparisons, "kaiming")).toBe("Kaiming: no difference at depth 2; worse at depth 4");
  });

  it("take seeds that both have, and say nothing without any", () => {
    expect(comparisonsOf(example.filter(({ start, seed }) => start !== "virgo" || seed === 2))[0]!.because).toContain("1 seeds");
    expect(comparisonsOf(example.filter(({ start, seed }) => (start === "virgo") === (seed === 2)))).toEqual([]);
  });
});

describe("the signal", () => {
  it("is halved by each hidden convolution where it is, the last one left out", () => {
    const deep = example.filter(({ depth }) => depth === 4);
    expect(signalStep(deep.filter(({ start }) => start === "xavier"))).toBeCloseTo(0.5, 12);
    expect(signalStep(deep.filter(({ start }) => start === "virgo"))).toBeCloseTo(1, 12);
    expect(signalStep(deep.map((result) => ({ ...result, signal: [1, null, null, 1] })))).toBeNaN();
  });
});

describe("the page", () => {
  it("begins with the claims, says where Virgo does not help, and has tables by depth and plots", async () => {
    const reports = reportsOf(problems, [...example, ...all(() => 40, flights)]);
    expect(reports.map(({ title }) => title)).toEqual(["How graph networks start", "karate club, 2 known members a camp, GCN", "flights, GCN"]);
    expect(reports[0]!.tables[0]!.rows).toEqual([
      ["Virgo is better than Xavier", "karate club, 2 known members a camp, GCN", "true", "better at depth 2, 4"],
      ["Virgo is better than Kaiming", "karate club, 2 known members a camp, GCN", "false", "no difference at depth 2; worse at depth 4"],
      ["Virgo is better than Xavier", "flights, GCN", "false", "no difference at depth 2, 4"],
      ["Virgo is better than Kaiming", "flights, GCN", "false", "no difference at depth 2, 4"],
    ]);
    expect(reports[0]!.notes[1]).toContain("Virgo is behind here: karate club, 2 known members a camp, GCN: depth 4, Kaiming");
    expect(reports[1]!.tables[0]!.columns).toEqual(["depth", "Virgo", "VirgoFor", "VirgoBack", "Xavier", "Kaiming"]);
    expect(reports[1]!.tables[0]!.rows[0]).toEqual(["2", "80.20 ± 0.10", "80.20 ± 0.10", "80.20 ± 0.10", "78.20 ± 0.10", "80.20 ± 0.10"]);
    expect(reports[2]!.tables[1]!.title).toContain("among the first ten");
    expect(reports[1]!.plots.map(({ series }) => series.length)).toEqual([5, 5]);
    expect(await reportPage(reports, { title: "How graph networks start" })).toContain("<svg");
  });

  it("can be made of a single run, of none, and of runs that left what float32 holds", () => {
    expect(reportsOf(problems, example.slice(0, 1))).toHaveLength(2);
    expect(reportsOf(problems, [])).toHaveLength(1);
    const lost = example.map((result) => ({ ...result, signal: result.signal.map(() => null), points: result.points.map((point) => ({ ...point, loss: null })) }));
    expect(reportsOf(problems, lost)[1]!.plots.map(({ series }) => series.length)).toEqual([0, 0]);
  });
});

describe("the result file", () => {
  it("knows a run by all that decides it", () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const path = join(folder, "runs.jsonl");
    for (const result of example.slice(0, 3)) openResults(path).add(result);
    expect(openResults(path).all()).toEqual(example.slice(0, 3));
    const known = example[2]!;
    expect(openResults(path).has({ ...known })).toBe(true);
    for (const other of [{ task: "links" }, { graph: "x" }, { layer: "gat" }, { depth: 9 }, { start: "kaiming" }, { seed: 9 }, { steps: 7 }, { hidden: 7 }] as const) expect(openResults(path).has({ ...known, ...other })).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportPage } from "@warmstart/report";
import { describe, expect, it } from "vitest";
import { reportsOf } from "./page.js";
import { openResults, type Result, type Run } from "./results.js";
import { compressions, maskMethods, runsOf } from "./runs.js";
import { layerClaims, maskClaims, structuredClaims } from "./summary.js";

/** Every run on MNIST, its accuracy by `accuracy`, with three seeds 0.1 apart. */
const all = (accuracy: (run: Run) => number): Result[] =>
  runsOf(["masks", "structured", "layers"], ["mnist"], [1, 2, 3]).map((run) => ({ ...run, steps: 120, backend: "none", accuracy: accuracy(run) + run.seed / 10, weights: 100, macs: 1000, disconnected: false, seconds: 1, trainingSeconds: 1 }));
const of = (results: readonly Result[], net: string) => results.filter((result) => result.net === net);

/** Magnitude falls to chance from 10^2.5 on, SynFlow only at 10^3; masks at 10× beat PreCrop by 2; removing two blocks by random costs 1. */
const example = all(({ part, method, amount }) => {
  if (part === "masks" && method === "magnitude") return amount > 300 ? 10 : 90;
  if (part === "masks" && method === "SynFlow") return amount > 900 ? 11 : 80;
  if (part === "structured" && method === "PreCrop") return amount === 10 ? 88 : 91;
  if (part === "layers" && method === "random" && amount === 2) return 89;
  return 90;
});

describe("the list of runs", () => {
  it("has every mask method at every compression, and the dense networks once, seed by seed", () => {
    const runs = runsOf(["masks"], ["mnist"], [1, 2]);
    expect(runs).toHaveLength(2 * (1 + maskMethods.length * compressions.length));
    expect(runs.filter(({ part }) => part === "dense")).toHaveLength(2);
    expect(runs.slice(0, runs.length / 2).every(({ seed }) => seed === 1)).toBe(true);
    expect(compressions.map((compression) => Math.log10(compression))).toEqual([0.5, 1, 1.5, 2, 2.5, 3]);
    const structured = runsOf(["structured", "layers"], ["mnist", "fashion"], [1]);
    expect(new Set(structured.map(({ part, data, net, method, amount }) => [part, data, net, method, amount].join())).size).toBe(structured.length);
  });
});

describe("the claim about masks", () => {
  const claimOf = (synflow: number, magnitude: number) => maskClaims(all(({ method, amount }) => (method === "SynFlow" ? synflow : method === "magnitude" && amount > 300 ? magnitude : 90)).filter(({ part }) => part === "masks"))[0]!;

  it("is true where magnitude is at chance and SynFlow is not, and names the figures", () => {
    expect(maskClaims(of(example, "conv").filter(({ part }) => part === "masks"))).toEqual([{ claim: expect.stringContaining("SynFlow does not"), holds: true, because: "at 10^2.5 magnitude 10.20 ± 0.10 %, SynFlow 80.20 ± 0.10 %; chance is up to 15 %" }]);
    expect(claimOf(30, 12).holds).toBe(true);
  });

  it("is false where both are at chance, and where magnitude never is", () => {
    expect(claimOf(11, 12)).toMatchObject({ holds: false, because: expect.stringContaining("SynFlow 11.20 ± 0.10 %") });
    expect(claimOf(80, 40)).toMatchObject({ holds: false, because: expect.stringContaining("at 1000 magnitude 40.20") });
  });
});

describe("the claims of structured pruning", () => {
  it("compare PreCrop with each mask method at each saving", () => {
    const claims = structuredClaims(of(example, "conv").filter(({ part }) => part === "structured"));
    expect(claims.map(({ holds }) => holds)).toEqual([true, true, true, true, true, true, false, false, false]);
    expect(claims.at(-1)!.because).toBe("PreCrop 88.20 ± 0.10 %, ERK 90.20 ± 0.10 %; difference -2.00 ± 0.00 (standard error, 3 seeds)");
  });

  it("compare each ticket with the dense network", () => {
    const claims = layerClaims(of(example, "residual").filter(({ part }) => part === "layers" || part === "dense"));
    expect(claims.map(({ holds }) => holds)).toEqual([true, true, true, true, true, false]);
  });

  it("let a loss within the standard error of the paired differences pass, and no more", () => {
    // Lower by 0.3, 0.1, −0.1 than the dense network: 0.1 on average, with a standard error of 0.115.
    const paired = (shift: number) => layerClaims(all(({ part, seed }) => (part === "layers" ? 90 - shift - [0.3, 0.1, -0.1][seed - 1]! : 90)).filter(({ net }) => net === "residual"))[0]!;
    expect(paired(0)).toMatchObject({ holds: true, because: expect.stringContaining("difference -0.10 ± 0.12 (standard error, 3 seeds)") });
    expect(paired(0.1).holds).toBe(false);
  });

  it("say nothing of what was not run", () => {
    expect([maskClaims([]), structuredClaims([]), layerClaims([])]).toEqual([[], [], []]);
  });
});

describe("the page", () => {
  it("begins with the claims, names what does not hold, and has means, spreads and bands", async () => {
    const reports = reportsOf(["masks", "structured", "layers"], 120, example);
    expect(reports.map(({ title }) => title)).toEqual(["The papers' claims", "Masks: chain of convolutions on MNIST", "Fewer channels: chain of convolutions on MNIST", "Fewer channels: residual network on MNIST", "Fewer blocks: residual network on MNIST"]);
    expect(reports[0]!.tables[0]!.rows.map((row) => row.slice(3))).toEqual([
      ["true", expect.stringContaining("at 10^2.5")],
      ["false", "in 6 of 9 comparisons"],
      ["false", "in 6 of 9 comparisons"],
      ["false", "in 5 of 6 comparisons"],
    ]);
    expect(reports[1]!.tables[0]!.rows[2]).toEqual(["magnitude", ...Array<string>(4).fill("90.20 ± 0.10"), "10.20 ± 0.10", "10.20 ± 0.10"]);
    expect(reports.map(({ notes }) => notes.filter((note) => note.startsWith("does not hold here")).length)).toEqual([0, 0, 3, 3, 1]);
    expect(reports[1]!.plots[0]!.series).toHaveLength(maskMethods.length + 1);
    const { low, y, high } = reports[1]!.plots[0]!.series[2]!;
    expect([low![4]!, y[4]!, high![4]!].map((value) => Number(value.toFixed(6)))).toEqual([10.1, 10.2, 10.3]);
    const page = await reportPage(reports, { title: "Smaller before training" });
    expect(page).toContain("<svg");
  });

  it("can be made of a single seed and of half a part", () => {
    const [, masks] = reportsOf(["masks", "structured"], 120, example.filter(({ part, seed, method, amount }) => part === "masks" && seed === 1 && (method === "SNIP" || amount < 50)));
    expect(masks!.tables[0]!.rows[0]!.slice(3)).toEqual(["90.10 ± ?", null, null, null]);
    expect(masks!.plots[0]!.series[0]!.low).toEqual(masks!.plots[0]!.series[0]!.y);
  });
});

describe("the result file", () => {
  it("knows a run by part, data, network, method, amount, seed and steps", () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const first = openResults(join(folder, "runs.jsonl"));
    for (const result of example.slice(0, 9)) first.add(result);
    const second = openResults(join(folder, "runs.jsonl"));
    expect(second.all()).toEqual(example.slice(0, 9));
    const known = example[8]!;
    expect(second.has({ ...known })).toBe(true);
    for (const other of [{ part: "layers" }, { data: "fashion" }, { net: "residual" }, { method: "other" }, { amount: 7 }, { seed: 9 }, { steps: 7 }] as const) expect(second.has({ ...known, ...other })).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

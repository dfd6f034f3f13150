import { createReport } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { claimLines, comparisonTable, demoReport } from "./report.js";
import { tinyProtocol } from "./tiny-material.js";
import type { Run } from "./train.js";

const run = (method: Run["method"], seed: number, losses: readonly number[], report?: Run["report"]): Run => ({ method, seed, trainableParameters: 100, initSeconds: 0.5, points: losses.map((heldOutLoss, i) => ({ step: 10 * i, heldOutLoss, seconds: 0.5 + i })), ...(report ? { report } : {}) });

const adapters = (column: string, values: readonly number[]) => createReport({ title: "LoRA", tables: [{ title: "Adapters", columns: ["layer", column], rows: values.map((value, i) => [`block${i}/q`, value]) }], plots: column === "variance explained" ? [{ kind: "bar", title: "Ranks after redistribution", xLabel: "layer", yLabel: "r", series: [{ name: "r", x: ["block0/q"], y: [3] }] }] : [] });

describe("comparisonTable", () => {
  it("prints one aligned line a method, with a dash for what never happened and ± with several seeds", () => {
    const runs = [1, 2].flatMap((seed) => [run("kaiming", seed, [5, 4.2 + seed / 10]), run("pissa", seed, [5, 4.9])]);
    const text = createReport({ title: "", tables: [comparisonTable(runs)] }).toString().trim().split("\n");
    expect(text.slice(1)).toEqual([
      "  method        trainable  steps to it  seconds to it  final loss       init s  s a step",
      "  LoRA default        100           10            1.5  4.3500 ± 0.0707     0.5       0.1",
      "  PiSSA               100            –              –  4.9000 ± 0.0000     0.5       0.1",
    ]);
  });
});

describe("claimLines", () => {
  it("ends each claim with true or false and the figures", () => {
    expect(claimLines([run("kaiming", 1, [5, 4.3]), run("eva", 1, [5, 4.4])])[0]).toBe("EVA ends below LoRA default: false (+0.1000 nats, one seed)");
  });
});

describe("demoReport", () => {
  const runs = [1, 2].flatMap((seed) => [run("kaiming", seed, [5, 4.2 + seed / 10]), run("eva", seed, [5, 4.1], adapters("variance explained", [0.4])), run("lora-sb", seed, [4.9, 4.4], adapters("energy captured", [0.3, 0.6]))]);

  it("has loss curves with a band over seeds, and what each initialization found out", () => {
    const { plots } = demoReport(runs, { facts: { backend: "wasm" }, protocol: tinyProtocol });
    expect(plots.map(({ title }) => title)).toEqual([
      "Held-out loss by step",
      "Held-out loss by time, initialization counted",
      "EVA: ranks after redistribution",
      "EVA: variance of a layer's inputs explained by its adapter's directions",
      "LoRA-SB: energy of the first full fine-tuning step captured",
    ]);
    const [normal] = plots[0]!.series;
    expect(normal).toMatchObject({ name: "LoRA default", x: [0, 10] });
    expect(normal!.y[1]).toBeCloseTo(4.35, 12);
    expect(normal!.low![1]).toBeCloseTo(4.35 - 0.0707, 3);
    expect(normal!.high![1]).toBeCloseTo(4.35 + 0.0707, 3);
    expect(plots.at(-1)!.series).toEqual([expect.objectContaining({ x: ["block0/q", "block1/q"], y: [0.3, 0.6] })]);
  });

  it("has no band with one seed", () => {
    const { plots } = demoReport([run("kaiming", 1, [5, 4])], { facts: {}, protocol: tinyProtocol });
    expect(plots[0]!.series[0]).not.toHaveProperty("low");
  });

  it("keeps settings, notes and the step times of the kernels", () => {
    const report = demoReport(runs, { facts: { backend: "wasm" }, protocol: tinyProtocol, kernels: { before: 4, after: 0.5 }, notes: ["short"] });
    expect(report.facts.backend).toBe("wasm");
    expect(report.notes).toEqual(["short"]);
    expect(report.tables.find(({ title }) => title === "Settings by method")!.rows).toContainEqual(["LoRA-SB", 6, 1, 0.01]);
    expect(report.tables.at(-1)!.rows).toEqual([["tfjs' own", 4], ["with @warmstart/wasm-training", 0.5]]);
    expect(JSON.parse(JSON.stringify(report.toJSON()))).toEqual(report.toJSON());
  });
});

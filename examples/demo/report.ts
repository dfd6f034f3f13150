// The comparison as a report: the same data give the terminal's table, demo-report.json and demo-report.html.
import { createReport, type Cell, type Report, type ReportPlot, type ReportSeries, type ReportTable } from "@warmstart/init-core";
import type { KernelTimes } from "./kernels.js";
import { methodNames, titles, type MethodName, type Protocol } from "./protocol.js";
import { claims, spread, summarize, type Spread } from "./summary.js";
import type { Point, Run } from "./train.js";

/** The one table. */
export function comparisonTable(runs: readonly Run[]): ReportTable {
  return {
    title: "Four starts on one budget, and how soon each gets to LoRA default's final loss",
    columns: ["method", "trainable", "steps to it", "seconds to it", "final loss", "init s", "s a step"],
    rows: summarize(runs).map(({ method, trainableParameters, stepsToDefault, secondsToDefault, finalLoss, initSeconds, stepSeconds }) => [titles[method], trainableParameters, rounded(stepsToDefault, 0), rounded(secondsToDefault, 1), showSpread(finalLoss), rounded(initSeconds, 2), rounded(stepSeconds, 3)]),
  };
}

/** "EVA ends below LoRA default: true (−0.0123 nats, one seed)". */
export function claimLines(runs: readonly Run[]): string[] {
  return claims(runs).map(({ text, holds, because }) => `${text}: ${holds} (${because})`);
}

export interface DemoReportOptions {
  /** Where and with what it was run. */
  readonly facts: Readonly<Record<string, Cell>>;
  readonly protocol: Protocol;
  /** On WebAssembly. */
  readonly kernels?: KernelTimes;
  readonly notes?: readonly string[];
}

/** The whole report. */
export function demoReport(runs: readonly Run[], { facts, protocol, kernels, notes = [] }: DemoReportOptions): Report {
  const of = (method: MethodName) => runs.find((run) => run.method === method)?.report;
  const [evaReport, sbReport, pissaReport] = [of("eva"), of("lora-sb"), of("pissa")];
  return createReport({
    title: "Four starts for LoRA: a GPT that has read presidents learns Moby-Dick",
    facts,
    tables: [
      comparisonTable(runs),
      { title: "Claims", columns: ["claim", "holds", "figures"], rows: claims(runs).map(({ text, holds, because }) => [text, holds, because]) },
      settingsTable(protocol),
      ...(kernels === undefined ? [] : [{ title: "A LoRA training step on WebAssembly", columns: ["kernels", "seconds"], rows: [["tfjs' own", kernels.before], ["with @warmstart/wasm-training", kernels.after]] }]),
    ],
    plots: [
      curves(runs, { title: "Held-out loss by step", xLabel: "steps", x: ({ step }) => step }),
      curves(runs, { title: "Held-out loss by time, initialization counted", xLabel: "seconds", x: ({ seconds }) => seconds }),
      ...(evaReport?.plots ?? []).map((plot) => ({ ...plot, title: `EVA: ${lowerFirst(plot.title)}` })),
      ...bars(evaReport, "variance explained", "EVA: variance of a layer's inputs explained by its adapter's directions", "share of the variance"),
      ...bars(sbReport, "energy captured", "LoRA-SB: energy of the first full fine-tuning step captured", "share of the sum of squares"),
      ...bars(pissaReport, /^σ²/, "PiSSA: share of the weight's energy that trains", "share of Σσ²"),
    ],
    notes,
  });
}

function settingsTable({ r, coreRank, loraAlpha, learningRates }: Protocol): ReportTable {
  const own = (method: MethodName): Cell[] => {
    if (method === "full") return [null, null];
    return method === "lora-sb" ? [coreRank, 1] : [r, loraAlpha / r];
  };
  return { title: "Settings by method", columns: ["method", "r", "scale", "Adam's learning rate"], rows: methodNames.map((method) => [titles[method], ...own(method), learningRates[method]]) };
}

/** One line a method; with several seeds the mean, and a band of one standard deviation. */
function curves(runs: readonly Run[], { title, xLabel, x }: { title: string; xLabel: string; x: (point: Point) => number }): ReportPlot {
  const series = methodNames.flatMap((method): ReportSeries[] => {
    const own = runs.filter((run) => run.method === method);
    if (own.length === 0) return [];
    const at = own[0]!.points.map((_, i) => own.map(({ points }) => points[i]!));
    const losses = at.map((points) => spread(points.map(({ heldOutLoss }) => heldOutLoss)));
    const band = own.length > 1 ? { low: losses.map(({ mean, sd }) => mean - sd!), high: losses.map(({ mean, sd }) => mean + sd!) } : {};
    return [{ name: titles[method], x: at.map((points) => spread(points.map(x)).mean), y: losses.map(({ mean }) => mean), ...band }];
  });
  return { kind: "line", title, xLabel, yLabel: "nats a token", series };
}

/** A column of an initialization's own table, by layer. */
function bars(report: Report | undefined, column: string | RegExp, title: string, yLabel: string): ReportPlot[] {
  for (const { columns, rows } of report?.tables ?? []) {
    const at = columns.findIndex((name) => (typeof column === "string" ? name === column : column.test(name)));
    if (at < 0) continue;
    const cells = rows.filter((row) => typeof row[at] === "number");
    return [{ kind: "bar", title, xLabel: "layer", yLabel, series: [{ name: yLabel, x: cells.map((row) => String(row[0])), y: cells.map((row) => row[at] as number) }] }];
  }
  return [];
}

function showSpread({ mean, sd }: Spread): string {
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

function rounded(x: number | null, digits: number): number | null {
  return x === null ? null : Number(x.toFixed(digits));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

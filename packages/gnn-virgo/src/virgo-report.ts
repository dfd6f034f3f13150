import { createReport, type Cell, type Report } from "@warmstart/init-core";
import type { VirgoDetails } from "./virgo.js";
import type { VirgoLayerSizes, VirgoPlan } from "./virgo-variances.js";

interface Described {
  readonly details: VirgoDetails;
  readonly seed: number;
  readonly variances: VirgoPlan;
  readonly sizes: readonly VirgoLayerSizes[];
  readonly nodes: number;
  readonly edges: number;
  readonly featured: boolean;
  readonly official: boolean;
  readonly notes: readonly string[];
}

/** What was drawn and why: a row a layer, and the variances over depth beside Kaiming's and Xavier's. */
export function describeVirgo({ details, seed, variances, sizes, nodes, edges, featured, official, notes }: Described): Report {
  const { mode, layers } = details;
  const kept = (values: Float64Array, at: number): number | null => {
    const share = values[at]! / values[at - 1]!;
    return at > 0 && Number.isFinite(share) ? share : null;
  };
  const rows = layers.map(({ layer, operator, forward, backward, variance }, i): Cell[] => [layer, operator, sizes[i]!.fanIn, sizes[i]!.fanOut, kept(variances.f, i), forward, backward, variance, Math.sqrt(variance)]);
  const series = (name: string, values: readonly (number | null)[]) => {
    const shown = values.flatMap((value, i) => (value === null ? [] : [{ x: i + 1, y: value }]));
    return { name, x: shown.map(({ x }) => x), y: shown.map(({ y }) => y) };
  };
  return createReport({
    title: "Virgo",
    facts: { method: "virgo", mode, reduce: details.reduce, layers: layers.length, nodes, edges, classes: details.classes, distribution: details.distribution, seed, ...(official ? { compat: "official" } : {}) },
    tables: [{ title: "Graph layers", columns: ["layer", "operator", "fan-in", "fan-out", "kept by the graph", "forward", "backward", "variance", "std"], rows }],
    plots: [
      {
        kind: "line",
        title: "Variance of the weights",
        xLabel: "graph layer",
        yLabel: "variance",
        yScale: "log",
        series: [
          series(`Virgo, ${mode}`, layers.map(({ variance }) => variance)),
          ...(mode === "forward" ? [] : [series("VirgoFor", layers.map(({ forward }) => forward))]),
          ...(mode === "backward" ? [] : [series("VirgoBack", layers.map(({ backward }) => backward))]),
          series("Kaiming", sizes.map(({ fanIn }) => 2 / fanIn)),
          series("Xavier", sizes.map(({ fanIn, fanOut }) => 2 / (fanIn + fanOut))),
        ],
      },
    ],
    notes: [
      "Kept by the graph: the share of the signal's mean square that one more step over the graph leaves. Forward and backward are the variances that keep activations, and gradients, level.",
      ...(featured ? [] : ["No features took part: 1 at every node."]),
      ...notes,
      ...variances.notes,
    ],
  });
}

import { createReport, type Report, type ReportPlot } from "@warmstart/init-core";
import { layerNames, type LayerName } from "../../gnn/model.js";
import { startTitles, type StartName } from "../../gnn/starts.js";
import { mean, meanText } from "../statistics.js";
import type { Problem } from "./problems.js";
import type { Result } from "./results.js";
import { comparisonsOf, depthsOf, inWords, resultsOf, rivals, scoreText, signalCourse, signalStep, startsOf } from "./summary.js";

const layerTitles: Readonly<Record<LayerName, string>> = { gcn: "GCN", sage: "GraphSAGE", gin: "GIN", gat: "GAT" };

interface Runs {
  readonly problem: Problem;
  readonly layer: LayerName;
  readonly results: readonly Result[];
}

/** The claims first, then each problem and layer: scores by depth, the comparisons, losses, signal at the start. */
export function reportsOf(problems: readonly Problem[], results: readonly Result[]): Report[] {
  const all = problems.flatMap((problem) =>
    layerNames.flatMap((layer): Runs[] => {
      const own = results.filter((result) => result.task === problem.task && result.graph === problem.graph && result.layer === layer && result.steps === problem.course.steps && result.hidden === problem.course.hidden);
      return own.length === 0 ? [] : [{ problem, layer, results: own }];
    }),
  );
  return [claimsReport(all), ...all.map(runsReport)];
}

const titleOf = ({ problem, layer }: Runs) => `${problem.title}, ${layerTitles[layer]}`;

function claimsReport(all: readonly Runs[]): Report {
  const rows = all.flatMap((runs) => {
    const comparisons = comparisonsOf(runs.results);
    return rivals.flatMap((rival) => {
      const own = comparisons.filter((comparison) => comparison.rival === rival);
      if (own.length === 0) return [];
      const better = own.filter(({ verdict }) => verdict === "better").length;
      return [[`Virgo is better than ${startTitles[rival]}`, titleOf(runs), better === own.length ? "true" : better === 0 ? "false" : `at ${better} of ${own.length} depths`, inWords(own, rival).replace(/^[^:]*: /, "")]];
    });
  });
  return createReport({
    title: "How graph networks start",
    tables: [{ title: "What is claimed (Li, Song, Song, Wipf 2023)", columns: ["claim", "data and layer", "here", "in detail"], rows }],
    notes: [
      "“Better” or “worse”: the score differs by more than the standard error of the differences between runs of the same seed. Small models without normalization or short cuts, trained shortly: what is true here need not be elsewhere, nor the reverse.",
      ...all.flatMap((runs) => {
        const worse = comparisonsOf(runs.results).filter(({ verdict }) => verdict === "worse");
        return worse.length === 0 ? [] : [`Virgo is behind here: ${titleOf(runs)}: ${worse.map(({ depth, rival, because }) => `depth ${depth}, ${startTitles[rival]} (${because})`).join("; ")}`];
      }),
    ],
  });
}

function runsReport(runs: Runs): Report {
  const { problem, results } = runs;
  const [depths, starts] = [depthsOf(results), startsOf(results)];
  const byDepth = (title: string, cell: (own: readonly Result[]) => string) => ({ title, columns: ["depth", ...starts.map((start) => startTitles[start])], rows: depths.map((depth) => [`${depth}`, ...starts.map((start) => cell(resultsOf(results, depth, start)))]) });
  const early = (own: readonly Result[]) => own.map(({ points }) => points[Math.ceil(points.length / 4) - 1]!.loss ?? NaN);
  const comparisons = comparisonsOf(results);
  const deepest = depths.at(-1)!;
  return createReport({
    title: titleOf(runs),
    facts: { steps: problem.course.steps, hidden: problem.course.hidden, "learning rate (Adam)": problem.course.learningRate, seeds: new Set(results.map(({ seed }) => seed)).size, backend: [...new Set(results.map(({ backend }) => backend))].join(", "), runs: results.length },
    tables: [
      byDepth(`${problem.measure}, mean ± sd`, scoreText),
      ...(problem.task === "links" ? [byDepth("held-out links whose right end is among the first ten (%), mean ± sd", (own) => (own.length === 0 ? "–" : meanText(own.map(({ hits }) => hits ?? NaN), 1)))] : []),
      byDepth("Training loss after a quarter of the steps, mean ± sd", (own) => (own.length === 0 ? "–" : meanText(early(own), 3))),
      byDepth("Training loss at the end, mean ± sd", (own) => (own.length === 0 ? "–" : meanText(own.map(({ points }) => points.at(-1)!.loss ?? NaN), 3))),
      byDepth("At the start, the signal's mean square is multiplied from one hidden convolution to the next by", (own) => (own.length === 0 || own[0]!.depth < 3 ? "–" : signalStep(own).toPrecision(3))),
      ...(comparisons.length === 0 ? [] : [{ title: "Virgo against the others", columns: ["depth", "against", "Virgo is", "because"], rows: comparisons.map(({ depth, rival, verdict, because }) => [`${depth}`, startTitles[rival], verdict, because]) }]),
    ],
    plots: [
      signalPlot(`Signal at the start, depth ${deepest}: ${titleOf(runs)}`, starts.map((start) => ({ start, own: resultsOf(results, deepest, start) }))),
      lossPlot(`Training loss, depth ${deepest}: ${titleOf(runs)}`, starts.map((start) => ({ start, own: resultsOf(results, deepest, start) }))),
    ],
    notes: [
      ...(comparisons.length === 0 ? [] : [`Virgo against ${rivals.map((rival) => inWords(comparisons, rival)).join(". Against ")}.`]),
      ...(problem.graph === "molecules" ? ["The molecules are of one series: a split by chance has near copies of the test's in training, and flatters all starts alike."] : []),
    ],
  });
}

type Shown = readonly { readonly start: StartName; readonly own: readonly Result[] }[];

/** Geometric mean over seeds with one standard deviation. */
function signalPlot(title: string, shown: Shown): ReportPlot {
  return {
    kind: "line",
    title,
    xLabel: "convolution",
    yLabel: "mean square behind it",
    yScale: "log",
    series: shown.flatMap(({ start, own }) => {
      const course = signalCourse(own).filter(({ center }) => Number.isFinite(center));
      return course.length === 0 ? [] : [{ name: startTitles[start], x: course.map(({ layer }) => layer), y: course.map(({ center }) => Math.exp(center)), low: course.map(({ center, spread }) => Math.exp(center - spread)), high: course.map(({ center, spread }) => Math.exp(center + spread)) }];
    }),
  };
}

/** Means over the seeds whose loss is a number. */
function lossPlot(title: string, shown: Shown): ReportPlot {
  return {
    kind: "line",
    title,
    xLabel: "training steps",
    yLabel: "loss",
    yScale: "log",
    series: shown.flatMap(({ start, own }) => {
      const course = (own[0]?.points ?? []).flatMap(({ step }, i) => {
        const losses = own.flatMap(({ points }) => points[i]?.loss ?? []);
        return losses.length === 0 || mean(losses) <= 0 ? [] : [{ step, loss: mean(losses) }];
      });
      return course.length === 0 ? [] : [{ name: startTitles[start], x: course.map(({ step }) => step), y: course.map(({ loss }) => loss) }];
    }),
  };
}

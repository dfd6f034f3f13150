import { createReport, type Report, type ReportPlot } from "@warmstart/init-core";
import { startNames, starts } from "../../ssm/starts.js";
import type { Point } from "../../ssm/train.js";
import { deviation, mean, meanText, type Claim } from "../statistics.js";
import { taskNames, type Result, type TaskName } from "./results.js";
import { accuracies, legsClaims, randomClaims, realClaims, resultsOf } from "./summary.js";

const titles: Readonly<Record<TaskName, string>> = { sequential: "MNIST pixel by pixel", permuted: "MNIST, pixels in a random order" };

/** The claims in short, of which those of single comparisons are parts. */
const groups: readonly { readonly claim: string; readonly source: string; readonly tasks: readonly TaskName[]; readonly claims: (results: readonly Result[]) => Claim[] }[] = [
  { claim: "S4D-LegS reaches at least 97 %", source: "aim of this comparison", tasks: ["sequential"], claims: legsClaims },
  { claim: "S4D-LegS, S4D-Inv and S4D-Lin are better than random starts", source: "Gu et al. 2022", tasks: taskNames, claims: randomClaims },
  { claim: "Complex A (LegS, Inv, Lin) is better than real A", source: "Gu et al. 2022", tasks: taskNames, claims: realClaims },
];

/** The claims first, then each task: table, the single comparisons behind the claims, and the course of training. */
export function reportsOf(tasks: readonly TaskName[], steps: number, results: readonly Result[]): Report[] {
  const own = tasks.flatMap((task) => {
    const here = results.filter((result) => result.steps === steps && result.task === task);
    return here.length === 0 ? [] : [{ task, here }];
  });
  return [claimsReport(own), ...own.map(({ task, here }) => taskReport(task, here))];
}

interface Runs {
  readonly task: TaskName;
  readonly here: readonly Result[];
}

const claimsOf = ({ task, here }: Runs) => groups.flatMap((group) => (group.tasks.includes(task) ? [{ group, claims: group.claims(here) }] : [])).filter(({ claims }) => claims.length > 0);

function claimsReport(all: readonly Runs[]): Report {
  const rows = groups.flatMap((group) =>
    all.flatMap((runs) =>
      claimsOf(runs).filter((one) => one.group === group).map(({ claims }) => {
        const held = claims.filter(({ holds }) => holds).length;
        return [group.claim, group.source, titles[runs.task], held === claims.length ? "true" : "false", claims.length === 1 ? claims[0]!.because : `in ${held} of ${claims.length} comparisons`];
      }),
    ),
  );
  return createReport({
    title: "How A starts",
    tables: [{ title: "What is claimed", columns: ["claim", "source", "data", "here", "because"], rows }],
    notes: ["“Better”: higher by more than the standard error of the differences between runs of the same seed. A claim is true when it is in all its comparisons. A small model, trained shortly: what is true here need not be elsewhere, nor the reverse."],
  });
}

function taskReport(task: TaskName, results: readonly Result[]): Report {
  const claims = claimsOf({ task, here: results }).flatMap(({ claims: each }) => each);
  const shown = startNames.map((start) => ({ title: starts[start].title, own: resultsOf(results, start) })).filter(({ own }) => own.length > 0);
  const marks = [0.25, 0.5].map((share) => ({ share, at: (own: readonly Result[]) => own.map(({ points, steps }) => points.find(({ step }) => step >= share * steps)!.accuracy) }));
  const known = shown[0]!.own[0]!;
  return createReport({
    title: titles[task],
    facts: {
      steps: known.steps,
      parameters: known.parameters,
      seeds: new Set(results.map(({ seed }) => seed)).size,
      backend: [...new Set(results.map(({ backend }) => backend))].join(", "),
      runs: results.length,
    },
    tables: [
      {
        title: "Accuracy on held-out images (%) and training loss (nats), mean ± sd",
        columns: ["start", ...marks.map(({ share }) => `after ${100 * share} % of the steps`), "at the end", "loss at the end", "minutes of training"],
        rows: shown.map(({ title, own }) => [title, ...marks.map(({ at }) => meanText(at(own), 2)), meanText(accuracies(own), 2), meanText(own.map(({ points }) => points.at(-1)!.loss), 3), meanText(own.map(({ trainingSeconds }) => trainingSeconds / 60), 0)]),
      },
      ...(claims.length > 0 ? [{ title: "Each comparison", columns: ["claim", "here", "because"], rows: claims.map(({ claim, holds, because }) => [claim, holds ? "true" : "false", because]) }] : []),
    ],
    plots: [plot(`Accuracy: ${titles[task]}`, "accuracy (%)", shown, ({ accuracy }) => accuracy), plot(`Training loss: ${titles[task]}`, "loss (nats)", shown, ({ loss }) => loss)],
    notes: [...claims.filter(({ holds }) => !holds).map(({ claim, because }) => `does not hold here: ${claim} (${because})`), "Points before the last are on some of the held-out images, the last on all. Minutes are as the runs went, beside other work on the machine."],
  });
}

/** Means over seeds with one standard deviation, at the points that all runs of a start have. */
function plot(title: string, yLabel: string, shown: readonly { readonly title: string; readonly own: readonly Result[] }[], value: (point: Point) => number): ReportPlot {
  return {
    kind: "line",
    title: `${title}, mean with one standard deviation`,
    xLabel: "training steps",
    yLabel,
    series: shown.map(({ title: name, own }) => {
      const columns = own[0]!.points.map(({ step }, i) => ({ step, values: own.map(({ points }) => value(points[i]!)) }));
      const [centers, spreads] = [columns.map(({ values }) => mean(values)), columns.map(({ values }) => deviation(values) || 0)];
      return { name, x: columns.map(({ step }) => step), y: centers, low: centers.map((y, i) => y - spreads[i]!), high: centers.map((y, i) => y + spreads[i]!) };
    }),
  };
}

import { createReport, type Report } from "@warmstart/init-core";
import { percent } from "../statistics.js";
import { grid } from "./contenders.js";
import type { Result } from "./results.js";
import { claims, standings } from "./summary.js";
import type { Task } from "./task.js";

/** One task's results as tables, plots and claims. */
export function reportOf(task: Pick<Task, "name" | "title" | "metric" | "steps">, results: readonly Result[]): Report {
  const own = results.filter((result) => result.task === task.name && result.steps === task.steps);
  const all = standings(own);
  const seeds = new Set(own.map(({ seed }) => seed)).size;
  const figure = (value: number) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : "diverged");
  const judged = claims(all);
  return createReport({
    title: task.title,
    facts: { metric: task.metric, steps: task.steps, seeds, backend: [...new Set(own.map(({ backend }) => backend))].join(", "), runs: own.length, schedule: "cosine after a tenth of warm-up", "seconds of training": Math.round(own.reduce((sum, { seconds }) => sum + seconds, 0)) },
    tables: [
      {
        title: `Best setting, and the share of the grid of ${grid.learningRates.length} learning rates and ${grid.weightDecays.length} decays within 5 %`,
        columns: ["optimizer", "best", "sd", "learning rate", "weight decay", "near the best of all", "near its own best"],
        rows: all.map(({ optimizer, best, nearBestOfAll, nearOwnBest }) => [optimizer, figure(best.mean), figure(best.sd), best.learningRate, optimizer === "Adam" ? "none" : best.weightDecay, percent(nearBestOfAll), percent(nearOwnBest)]),
      },
      { title: "The paper's claims here", columns: ["claim", "here", "because"], rows: judged.map(({ claim, holds, because }) => [claim, holds ? "true" : "false", because]) },
      ...all.map(({ optimizer, cells }) => ({
        title: `${optimizer}: mean by learning rate (down) and weight decay`,
        columns: ["learning rate", ...grid.weightDecays.map(String)],
        rows: grid.learningRates.map((learningRate) => [learningRate, ...grid.weightDecays.map((weightDecay) => figure(cells.find((cell) => cell.learningRate === learningRate && cell.weightDecay === weightDecay)?.mean ?? NaN))]),
      })),
    ],
    plots: [
      {
        kind: "line",
        title: "The best decay at each learning rate",
        xLabel: "learning rate, power of ten",
        yLabel: task.metric,
        yScale: "log",
        series: all.flatMap(({ optimizer, cells }) => {
          const points = grid.learningRates.flatMap((learningRate) => {
            const value = Math.min(...cells.filter((cell) => cell.learningRate === learningRate).map((cell) => cell.mean));
            return Number.isFinite(value) ? [{ x: Math.log10(learningRate), y: value }] : [];
          });
          return points.length === 0 ? [] : [{ name: optimizer, x: points.map(({ x }) => x), y: points.map(({ y }) => y) }];
        }),
      },
      { kind: "bar", title: "Share of the grid within 5 % of the best of all", xLabel: "optimizer", yLabel: "share", series: [{ name: "share", x: all.map(({ optimizer }) => optimizer), y: all.map(({ nearBestOfAll }) => nearBestOfAll) }] },
    ],
    notes: judged.filter(({ holds }) => !holds).map(({ claim, because }) => `does not hold here: ${claim} (${because})`),
  });
}

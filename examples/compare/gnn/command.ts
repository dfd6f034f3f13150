// pnpm compare gnn [--task nodes|links|graphs]… [--graph NAME]… [--start NAME]… [--depth N]… [--layer gcn|sage|gin|gat]… [--seeds N] [--steps N] [--backend NAME] [--data DIR [--undirected]] [--report]
// Without --task and --graph: the small graphs (minutes). With TF_NUM_INTRAOP_THREADS=1 several processes, each with graphs of its own, share the processors better than one with more threads.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { layerNames } from "../../gnn/model.js";
import { startNames, startTitles } from "../../gnn/starts.js";
import { namesAmong, sharedOptions, UsageError, wholeNumber } from "../options.js";
import { publish } from "../publish.js";
import { reportsOf } from "./page.js";
import { graphNames, problems, taskNames, type Problem } from "./problems.js";
import { openResults, type Run } from "./results.js";
import { runProblem, runsOf } from "./run.js";
import { userProblem } from "./user-data.js";

/** Done in minutes: what is run where nothing is asked for. */
const small = ["karate", "les-miserables", "flights", "flights-directed"] as const;

export async function compareGnn(args: string[]): Promise<void> {
  const list = { type: "string", multiple: true } as const;
  const { values } = parseArgs({ args, options: { ...sharedOptions, seeds: { type: "string" }, task: list, graph: list, layer: list, data: { type: "string" }, undirected: { type: "boolean", default: false }, start: { ...list, default: [...startNames] }, depth: { ...list, default: ["2", "4", "8", "16"] } } });
  const tasks = namesAmong("task", values.task ?? [...taskNames], taskNames);
  const graphs = namesAmong("graph", values.graph ?? (values.report || values.task !== undefined ? [...graphNames] : [...small]), graphNames);
  const chosen: Problem[] = values.data === undefined ? problems.filter(({ task, graph }) => tasks.includes(task) && graphs.includes(graph)) : [userProblem(values.data, values.undirected)];
  if (chosen.length === 0) throw new UsageError(`compare: there is no --task ${tasks.join(", ")} on --graph ${graphs.join(", ")}; there is ${problems.map(({ task, graph }) => `${task} on ${graph}`).join(", ")}`);
  const layers = values.layer && namesAmong("layer", values.layer, layerNames);
  const starts = namesAmong("start", values.start, startNames);
  const depths = values.depth.map((depth) => wholeNumber("depth", depth)).toSorted((a, b) => a - b);
  const asked = chosen.map((problem): Problem => ({ ...problem, course: { ...problem.course, ...(values.steps === undefined ? {} : { steps: wholeNumber("steps", values.steps) }) } }));
  const folder = fileURLToPath(new URL(values.data === undefined ? "./results/" : "../../../reports/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const base = `${folder}${values.data === undefined ? "gnn" : `gnn-${asked[0]!.graph}`}`;
  const file = openResults(`${base}.jsonl`);
  if (!values.report) {
    console.log(describeBackend(await startBackend(values.backend)).join("\n"));
    const named = ({ task, graph, layer, depth, start, seed }: Run) => `${task} ${graph} ${layer} ${depth} ${startTitles[start]}, seed ${seed}`;
    for (const problem of asked) {
      const runs = runsOf(problem, layers ?? problem.layers, depths, starts, values.seeds === undefined ? problem.seeds : wholeNumber("seeds", values.seeds));
      const there = await runProblem(
        problem,
        runs,
        file,
        (run, { step, loss, test }) => problem.seeds < 10 && console.log(`${named(run)}: step ${step} of ${problem.course.steps}, loss ${loss?.toFixed(3) ?? "no number"}, ${test.toFixed(2)}`),
        (result, done, total) => console.log(`${done}/${total}  ${named(result)}: ${result.score.toFixed(2)} (${result.seconds} s)`),
      );
      if (!there) console.log(`left out: ${problem.task} on ${problem.graph}: ${problem.hint}`);
    }
  }
  await publish(reportsOf(asked, file.all()), "How graph networks start", base);
}

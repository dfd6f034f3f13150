// pnpm compare optimizers [--task lm|vit]… [--seeds N] [--steps N] [--backend NAME] [--report]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { namesAmong, sharedOptions, wholeNumber } from "../options.js";
import { publish } from "../publish.js";
import { languageModelTask } from "./lm-task.js";
import { reportOf } from "./page.js";
import { openResults } from "./results.js";
import { runAll } from "./run.js";
import { vitTask } from "./vit-task.js";

export async function compareOptimizers(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { ...sharedOptions, task: { type: "string", multiple: true, default: ["lm", "vit"] } } });
  const names = namesAmong("task", values.task, ["lm", "vit"]);
  const seeds = wholeNumber("seeds", values.seeds);
  const steps = values.steps === undefined ? undefined : wholeNumber("steps", values.steps);
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  console.log(describeBackend(await startBackend(values.backend)).join("\n"));
  const tasks = names.map((name) => (name === "lm" ? languageModelTask(steps) : vitTask(steps === undefined ? {} : { steps })));
  const file = openResults(`${folder}optimizers.jsonl`);
  if (!values.report) {
    for (const task of tasks) {
      await runAll(task, Array.from({ length: seeds }, (_, i) => i + 1), file, ({ optimizer, learningRate, weightDecay, seed, value, seconds }, done, total) => {
        console.log(`${task.name} ${done}/${total}  ${optimizer.padEnd(9)} η ${String(learningRate).padEnd(6)} λ ${String(weightDecay).padEnd(6)} seed ${seed}: ${value === null ? "diverged" : value.toFixed(3)} (${seconds} s)`);
      });
    }
  }
  await publish(tasks.map((task) => reportOf(task, file.all())), "SGD-SaI and its rivals", `${folder}optimizers`);
}

// pnpm compare optimizers [--task lm|vit]… [--seeds N] [--steps N] [--backend NAME] [--report]
// Runs what the committed results lack (it can be stopped at any time and goes on there), then prints and writes tables and page.
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { reportPage } from "@warmstart/report";
import { describeBackend, startBackend } from "../demo/backend.js";
import { languageModelTask } from "./optimizers/lm-task.js";
import { reportOf } from "./optimizers/page.js";
import { ResultFile } from "./optimizers/results.js";
import { runAll } from "./optimizers/run.js";
import { vitTask } from "./optimizers/vit-task.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { task: { type: "string", multiple: true, default: ["lm", "vit"] }, seeds: { type: "string", default: "3" }, steps: { type: "string" }, backend: { type: "string" }, report: { type: "boolean", default: false } },
});
if (positionals.length !== 1 || positionals[0] !== "optimizers") {
  console.error(`compare: say what to compare: optimizers; got "${positionals.join(" ")}"`);
  process.exit(2);
}
const unknown = values.task.find((name) => name !== "lm" && name !== "vit");
const seeds = Number(values.seeds);
if (unknown !== undefined || !Number.isInteger(seeds) || seeds < 1) {
  console.error(`compare: --task is lm or vit, --seeds a whole number of at least 1; got ${unknown ?? values.seeds}`);
  process.exit(2);
}

const at = (name: string) => new URL(`./optimizers/results/${name}`, import.meta.url);
mkdirSync(at(""), { recursive: true });
const choice = await startBackend(values.backend);
console.log(describeBackend(choice).join("\n"));
const steps = values.steps === undefined ? undefined : Number(values.steps);
const tasks = values.task.map((name) => (name === "lm" ? languageModelTask(steps) : vitTask(steps === undefined ? {} : { steps })));
const file = new ResultFile(at("optimizers.jsonl").pathname);
if (!values.report) {
  for (const task of tasks) {
    await runAll(task, Array.from({ length: seeds }, (_, i) => i + 1), file, ({ optimizer, learningRate, weightDecay, seed, value, seconds }, done, total) => {
      console.log(`${task.name} ${done}/${total}  ${optimizer.padEnd(9)} η ${String(learningRate).padEnd(6)} λ ${String(weightDecay).padEnd(6)} seed ${seed}: ${value === null ? "diverged" : value.toFixed(3)} (${seconds} s)`);
    });
  }
}
const reports = tasks.map((task) => reportOf(task, file.all()));
for (const report of reports) console.log(`\n${report.toString()}`);
writeFileSync(at("optimizers.md"), `${reports.map((report) => report.toMarkdown()).join("\n\n")}\n`);
writeFileSync(at("optimizers.html"), await reportPage(reports, { title: "SGD-SaI and its rivals" }));
console.log(`\nwrote ${at("optimizers.html").pathname}`);

// pnpm compare ssm-starts [--task sequential|permuted]… [--start NAME]… [--seeds N] [--steps N] [--backend NAME] [--report]
// Hours on the native backend. With TF_NUM_INTRAOP_THREADS=1 several processes, each with starts of its own, share the processors better than one with more threads.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { permuted, pixelByPixel } from "../../ssm/sequences.js";
import { startNames, starts } from "../../ssm/starts.js";
import type { Training } from "../../ssm/train.js";
import { mnist } from "../images.js";
import { namesAmong, sharedOptions, wholeNumber } from "../options.js";
import { publish } from "../publish.js";
import { reportsOf } from "./page.js";
import { openResults, taskNames, type Run } from "./results.js";
import { runAll, runsOf, type Setting } from "./run.js";

const batch = 50;
/** Three quarters of an epoch, a quarter of an hour a run on one processor. In a course of twice as many LegS had 97.5 % of a thousand images by then, at six tenths of its highest rate. */
const usualSteps = 900;

export async function compareSsmStarts(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { ...sharedOptions, task: { type: "string", multiple: true, default: ["sequential"] }, start: { type: "string", multiple: true, default: [...startNames] } } });
  const tasks = namesAmong("task", values.task, taskNames);
  const names = namesAmong("start", values.start, startNames);
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds) }, (_, i) => i + 1);
  const steps = values.steps === undefined ? usualSteps : wholeNumber("steps", values.steps);
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = openResults(`${folder}ssm-starts.jsonl`);
  if (!values.report) {
    console.log(describeBackend(await startBackend(values.backend)).join("\n"));
    const named = ({ task, start, seed }: Run) => `${task} ${starts[start].title}, seed ${seed}`;
    await runAll(
      settingOf(steps),
      steps,
      runsOf(tasks, names, seeds),
      file,
      (run, { step, loss, accuracy }) => console.log(`${named(run)}: step ${step} of ${steps}, loss ${loss.toFixed(3)}, ${accuracy.toFixed(2)} %`),
      (result, done, total) => console.log(`${done}/${total}  ${named(result)}: ${result.accuracy.toFixed(2)} % (${result.seconds} s)`),
    );
  }
  await publish(reportsOf(tasks, steps, file.all()), "How state space models start", `${folder}ssm-starts`);
}

/** Two blocks of 64 features with 64 states each. */
function settingOf(steps: number): Setting {
  const [train, test] = [pixelByPixel(mnist("train")), pixelByPixel(mnist("test"))];
  const usual: Training = { train, test, steps, batch, learningRate: 0.01, heldOut: 1000, heldOutLast: 10_000, evaluateEvery: Math.max(1, Math.round(steps / 12)) };
  return {
    size: { features: 64, layers: 2, dState: 64 },
    training: (task, seed) => (task === "sequential" ? usual : { ...usual, train: permuted(train, seed), test: permuted(test, seed) }),
  };
}

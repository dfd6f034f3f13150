// pnpm compare pruning [--part masks|structured|layers]… [--seeds N] [--steps N] [--backend NAME] [--report]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { fashionMnist, fashionMnistHint, mnist, type Images } from "../images.js";
import { namesAmong, sharedOptions, wholeNumber } from "../options.js";
import { publish } from "../publish.js";
import { convNet, residualNet } from "./nets.js";
import { reportsOf } from "./page.js";
import { openResults, parts, type DataName } from "./results.js";
import { runAll } from "./run.js";
import { runsOf } from "./runs.js";
import { amountText } from "./summary.js";
import type { Training } from "./train.js";

export async function comparePruning(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { ...sharedOptions, part: { type: "string", multiple: true, default: [...parts] } } });
  const chosen = namesAmong("part", values.part, parts);
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds) }, (_, i) => i + 1);
  const steps = values.steps === undefined ? 120 : wholeNumber("steps", values.steps);
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = openResults(`${folder}pruning.jsonl`);
  if (!values.report) {
    console.log(describeBackend(await startBackend(values.backend)).join("\n"));
    const data = readData();
    const training = (name: DataName): Training => ({ ...data[name]!, steps, batch: 32, heldOut: 5000, learningRate: 0.1 });
    const net = (name: "conv" | "residual", seed: number) => (name === "conv" ? convNet({ widths: [16, 32, 64], depth: 2, seed }) : residualNet({ widths: [8, 16, 32], depth: 2, seed }));
    await runAll({ net, training }, runsOf(chosen, Object.keys(data) as DataName[], seeds), file, ({ part, data: name, net: kind, method, amount, seed, accuracy, disconnected, seconds }, done, total) => {
      console.log(`${done}/${total}  ${part} ${name} ${kind} ${method.padEnd(9)} ${amountText(amount).padEnd(6)} seed ${seed}: ${accuracy.toFixed(2)} %${disconnected ? ", disconnected" : ""} (${seconds} s)`);
    });
  }
  await publish(reportsOf(chosen, steps, file.all()), "Smaller before training", `${folder}pruning`);
}

type Parts = { readonly train: Images; readonly test: Images };

/** MNIST, and Fashion-MNIST where it is. */
function readData(): Partial<Record<DataName, Parts>> {
  const [train, test] = [fashionMnist("train"), fashionMnist("test")];
  const fashion = train !== undefined && test !== undefined ? { fashion: { train, test } } : {};
  if (train === undefined) console.log(`MNIST alone; for Fashion-MNIST ${fashionMnistHint}`);
  return { mnist: { train: mnist("train"), test: mnist("test") }, ...fashion };
}

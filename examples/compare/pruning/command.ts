// pnpm compare pruning [--part masks|structured|layers]… [--data mnist|fashion|cifar10]… [--seeds N] [--steps N] [--backend NAME] [--report]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { cifar10, cifar10Hint, fashionMnist, fashionMnistHint, mnist, type Images } from "../images.js";
import { namesAmong, sharedOptions, wholeNumber } from "../options.js";
import { publish } from "../publish.js";
import { convNet, residualNet } from "./nets.js";
import { reportsOf } from "./page.js";
import { dataNames, openResults, parts, type DataName, type NetName } from "./results.js";
import { runAll } from "./run.js";
import { runsOf } from "./runs.js";
import { amountText } from "./summary.js";
import type { Training } from "./train.js";

export async function comparePruning(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { ...sharedOptions, part: { type: "string", multiple: true, default: [...parts] }, data: { type: "string", multiple: true, default: [...dataNames] } } });
  const chosen = namesAmong("part", values.part, parts);
  const wanted = namesAmong("data", values.data, dataNames);
  const seeds = Array.from({ length: wholeNumber("seeds", values.seeds) }, (_, i) => i + 1);
  const steps = values.steps === undefined ? 120 : wholeNumber("steps", values.steps);
  const folder = fileURLToPath(new URL("./results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = openResults(`${folder}pruning.jsonl`);
  if (!values.report) {
    console.log(describeBackend(await startBackend(values.backend)).join("\n"));
    const data = readData(wanted);
    const training = (name: DataName): Training => ({ ...data[name]!, steps, batch: 32, heldOut: 5000, learningRate: 0.1 });
    const net = (name: NetName, seed: number, shape: Images["shape"]) => (name === "conv" ? convNet({ widths: [16, 32, 64], depth: 2, seed, shape }) : residualNet({ widths: [8, 16, 32], depth: 2, seed, shape }));
    await runAll({ net, training }, runsOf(chosen, Object.keys(data) as DataName[], seeds), file, ({ part, data: name, net: kind, method, amount, seed, accuracy, disconnected, seconds }, done, total) => {
      console.log(`${done}/${total}  ${part} ${name} ${kind} ${method.padEnd(9)} ${amountText(amount).padEnd(6)} seed ${seed}: ${accuracy.toFixed(2)} %${disconnected ? ", disconnected" : ""} (${seconds} s)`);
    });
  }
  await publish(reportsOf(chosen, steps, file.all()), "Smaller before training", `${folder}pruning`);
}

type Data = Pick<Training, "train" | "test">;

const sources: Readonly<Record<DataName, { readonly title: string; readonly read: (part: "train" | "test") => Images | undefined; readonly hint: string }>> = {
  mnist: { title: "MNIST", read: mnist, hint: "install the dependencies again" },
  fashion: { title: "Fashion-MNIST", read: fashionMnist, hint: fashionMnistHint },
  cifar10: { title: "CIFAR-10", read: cifar10, hint: cifar10Hint },
};

/** What is wanted and there: MNIST alone comes with the dependencies. */
function readData(wanted: readonly DataName[]): Partial<Record<DataName, Data>> {
  const found = wanted.flatMap((name) => {
    const { title, read, hint } = sources[name];
    const [train, test] = [read("train"), read("test")];
    if (train !== undefined && test !== undefined) return [[name, { train, test }] as const];
    console.log(`without ${title}; to have it, ${hint}`);
    return [];
  });
  return Object.fromEntries(found);
}

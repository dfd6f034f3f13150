// pnpm compare pruning [--part masks|structured|layers]… [--data mnist|fashion]… [--seeds N] [--steps N] [--backend NAME] [--report]
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeBackend, startBackend } from "../../demo/backend.js";
import { fashionMnist, fashionMnistHint, mnist } from "../images.js";
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
    const net = (name: NetName, seed: number) => (name === "conv" ? convNet({ widths: [16, 32, 64], depth: 2, seed }) : residualNet({ widths: [8, 16, 32], depth: 2, seed }));
    await runAll({ net, training }, runsOf(chosen, Object.keys(data) as DataName[], seeds), file, ({ part, data: name, net: kind, method, amount, seed, accuracy, disconnected, seconds }, done, total) => {
      console.log(`${done}/${total}  ${part} ${name} ${kind} ${method.padEnd(9)} ${amountText(amount).padEnd(6)} seed ${seed}: ${accuracy.toFixed(2)} %${disconnected ? ", disconnected" : ""} (${seconds} s)`);
    });
  }
  await publish(reportsOf(chosen, steps, file.all()), "Smaller before training", `${folder}pruning`);
}

type Data = Pick<Training, "train" | "test">;

/** What is wanted and there: Fashion-MNIST need not be. */
function readData(wanted: readonly DataName[]): Partial<Record<DataName, Data>> {
  const read = (name: DataName): Data | undefined => {
    if (name === "mnist") return { train: mnist("train"), test: mnist("test") };
    const [train, test] = [fashionMnist("train"), fashionMnist("test")];
    return train === undefined || test === undefined ? undefined : { train, test };
  };
  const found = wanted.flatMap((name) => {
    const data = read(name);
    if (data === undefined) console.log(`without Fashion-MNIST; to have it, ${fashionMnistHint}`);
    return data === undefined ? [] : [[name, data] as const];
  });
  return Object.fromEntries(found);
}

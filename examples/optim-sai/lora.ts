// SGD-SaI on LoRA adapters. B starts at zero, so the first gradient of A is exactly zero: by the published rule its gain is 0 and A
// never trains; here it is √N.  node --import tsx examples/optim-sai/lora.ts [--steps N] [--rate η] [--backend NAME]
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { sgdSai, type DegenerateGain } from "@warmstart/optim-sai";
import { describeBackend, startBackend } from "../demo/backend.js";
import { mobyDickMaterial } from "../demo/data.js";
import { start, type Material } from "../demo/methods.js";
import { standard, type Protocol } from "../demo/protocol.js";
import { trainStep } from "../demo/train.js";
import { meanLoss } from "../gpt/index.js";

export interface RuleResult {
  readonly rule: DegenerateGain;
  /** Nats a token on held-out text. */
  readonly before: number;
  readonly after: number;
  /** Root mean square change of all entries of A, and of B. */
  readonly movedA: number;
  readonly movedB: number;
}

/** LoRA default adapters trained by one rule for the gain of a zero gradient. Frees everything. */
export async function trainByRule(rule: DegenerateGain, material: Material, protocol: Protocol, learningRate: number, onStep: (step: number) => void = () => undefined): Promise<RuleResult> {
  const base = await material.loadBase();
  const { model, variables } = await start("kaiming", base, material, protocol, { seed: 1 });
  const optimizer = sgdSai({ learningRate, weightDecay: 0, degenerate: rule });
  const begin = await Promise.all(variables.map((variable) => variable.data()));
  const before = await meanLoss(model, material.heldOut());
  const batches = material.train(1);
  for (let step = 1; step <= protocol.steps; step++) {
    await trainStep(model, variables, optimizer, batches.next().value);
    onStep(step);
  }
  const after = await meanLoss(model, material.heldOut());
  const sums = { A: { squares: 0, count: 0 }, B: { squares: 0, count: 0 } };
  for (const [i, variable] of variables.entries()) {
    const sum = sums[/lora_up|up/.test(variable.name) ? "B" : "A"];
    (await variable.data()).forEach((value, j) => (sum.squares += (value - begin[i]![j]!) ** 2));
    sum.count += variable.size;
  }
  optimizer.dispose();
  disposeModel(model);
  disposeModel(base);
  const moved = ({ squares, count }: { squares: number; count: number }) => Math.sqrt(squares / count);
  return { rule, before, after, movedA: moved(sums.A), movedB: moved(sums.B) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { steps: { type: "string", default: "40" }, rate: { type: "string", default: "0.03" }, backend: { type: "string" } } });
  const choice = await startBackend(values.backend);
  console.log(describeBackend(choice).join("\n"));
  const protocol = { ...standard, steps: Number(values.steps) };
  const material = mobyDickMaterial(protocol);
  const results: RuleResult[] = [];
  for (const rule of ["sqrt-numel", "official"] as const) {
    results.push(await trainByRule(rule, material, protocol, Number(values.rate), (step) => process.stderr.write(`\r${rule}: step ${step} of ${protocol.steps} `)));
    process.stderr.write("\n");
  }
  console.log(`GPT pretrained on State of the Union, LoRA r=${protocol.r} adapted to Moby-Dick, SGD-SaI η=${values.rate}, ${protocol.steps} steps, seed 1, ${tf.getBackend()}`);
  console.log("gain of a zero gradient   held-out loss before → after   rms change of A     of B");
  for (const { rule, before, after, movedA, movedB } of results) console.log(`${rule.padEnd(25)} ${before.toFixed(3)} → ${after.toFixed(3)}`.padEnd(57) + `${movedA.toExponential(2)}   ${movedB.toExponential(2)}`);
  const [ours, official] = results as [RuleResult, RuleResult];
  const seen = official.movedA === 0 && ours.movedA > 0 && ours.after < ours.before;
  console.log(seen ? "seen: by the published rule A stays as it was; here it trains" : "NOT seen: A should stand still by the published rule alone, and the loss should fall here");
  process.exitCode = seen ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();

// Chooses the learning rates of protocol.ts: node --import tsx examples/demo/tune.ts [--backend NAME] [--steps N] [--methods a,b] [--checkpoint DIR]
// Every method gets the same grid and the demo's budget, on chapters that the demo trains on too; the held-out chapters stay unseen.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createReport, disposeModel, type Cell } from "@warmstart/init-core";
import { describeBackend, startBackend } from "./backend.js";
import { developmentMaterial } from "./data.js";
import { createScreen } from "./progress.js";
import { methodNames, standard, titles, type MethodName, type Protocol } from "./protocol.js";
import { finalLoss, spread } from "./summary.js";
import { trainRun, type OnStep } from "./train.js";

const grid = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2];
/** None of the demo's. */
const seeds = [1000, 1001];

const { values } = parseArgs({ options: { backend: { type: "string" }, steps: { type: "string" }, methods: { type: "string" }, checkpoint: { type: "string" }, "core-rank": { type: "string" } } });
const screen = createScreen(process.stdout);
const choice = await startBackend(values.backend);
for (const line of describeBackend(choice)) screen.line(line);
const steps = values.steps === undefined ? standard.steps : Number(values.steps);
const coreRank = values["core-rank"] === undefined ? standard.coreRank : Number(values["core-rank"]);
const methods = (values.methods?.split(",") ?? methodNames) as MethodName[];
const checkpoint = values.checkpoint === undefined ? undefined : pathToFileURL(`${resolve(values.checkpoint)}/`);
const protocol = { ...standard, steps, coreRank, evaluateEvery: steps, heldOutBatches: 16, seeds };
const material = developmentMaterial(protocol, checkpoint);

const base = await material.loadBase();
const chosen: Partial<Record<MethodName, number>> = {};
const rows: Cell[][] = [];
for (const method of methods) {
  const losses: number[] = [];
  for (const rate of grid) {
    // LoRA-SB follows full fine-tuning's first step: that one's rate is chosen first.
    const learningRates = { ...protocol.learningRates, ...chosen, [method]: rate };
    losses.push(await meanFinalLoss(method, { ...protocol, learningRates }));
    screen.line(`${titles[method]}, rate ${rate}: ${losses.at(-1)!.toFixed(4)}`);
  }
  chosen[method] = grid[losses.indexOf(Math.min(...losses))]!;
  rows.push([titles[method], ...losses.map((loss) => Number(loss.toFixed(4))), chosen[method]!]);
}
disposeModel(base);
screen.line(createReport({ title: `Development loss after ${steps} steps, by learning rate (mean of seeds ${seeds.join(" and ")}, ${choice.backend})`, tables: [{ title: "", columns: ["method", ...grid.map(String), "chosen"], rows }] }).toMarkdown());

/** Infinity where training went out of bounds. */
async function meanFinalLoss(method: MethodName, rules: Protocol): Promise<number> {
  const finals: number[] = [];
  for (const seed of seeds) {
    const onStep: OnStep = ({ step }) => screen.status(`${method}, rate ${rules.learningRates[method]}, seed ${seed}: step ${step} of ${steps}`);
    try {
      finals.push(finalLoss(await trainRun(method, seed, base, material, rules, onStep)));
    } catch (error) {
      screen.line(String(error));
      return Infinity;
    }
  }
  return spread(finals).mean;
}

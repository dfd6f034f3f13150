// `pnpm pretrain`: trains the GPT on State of the Union addresses, on the native backend, and writes checkpoint and log.
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { AdamW } from "./adamw.js";
import { InterpolatedBigram } from "./bigram.js";
import { loadGpt, saveGpt } from "./checkpoint.js";
import { orderedBatches, randomBatches, sotuTokens } from "./data.js";
import { meanLoss } from "./evaluate.js";
import { nextTokenLoss } from "./loss.js";
import { buildGpt } from "./model.js";
import { vocabularySize } from "./tokenizer.js";

const usage = `Usage: pnpm pretrain [--steps N] [--batch N] [--rate X] [--seed N] [--out DIR]`;
const { values } = parseArgs({
  options: { steps: { type: "string", default: "5000" }, batch: { type: "string", default: "16" }, rate: { type: "string", default: "0.002" }, seed: { type: "string", default: "1" }, out: { type: "string" }, help: { type: "boolean", default: false } },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const [steps, batch, rate, seed] = [values.steps, values.batch, values.rate, values.seed].map(Number) as [number, number, number, number];
if (![steps, batch].every((n) => Number.isInteger(n) && n > 0) || !(rate > 0) || !Number.isInteger(seed)) throw new Error(`--steps and --batch are whole numbers from 1, --rate is above 0, --seed a whole number. ${usage}`);

const folder = values.out === undefined ? new URL("checkpoint/", import.meta.url) : pathToFileURL(`${resolve(values.out)}/`);
const shape = { vocabulary: vocabularySize, context: 64, width: 128, blocks: 4, heads: 4 };
const warmup = Math.min(200, Math.ceil(steps / 10));
const evaluateEvery = 250;
const evaluateOn = { context: shape.context, batch: 32 };

await useNative();
await mkdir(folder, { recursive: true });
const logFile = new URL("log.jsonl", folder);
await writeFile(logFile, "");
const log = (row: object) => appendFile(logFile, `${JSON.stringify(row)}\n`);

console.log("pretrain: tokenizing the addresses");
const [train, dev, heldOut] = [sotuTokens("train"), sotuTokens("dev"), sotuTokens("heldOut")];
const heldOutPairs = Math.floor((heldOut.length - 1) / (evaluateOn.context * evaluateOn.batch)) * evaluateOn.context * evaluateOn.batch;
await log({ event: "start", backend: tf.getBackend(), tensorflow: tensorflowVersion(), tfjs: tf.version.tfjs, seed, ...shape, steps, batch, rate, warmup, tokens: { train: train.length, dev: dev.length, heldOut: heldOut.length }, heldOutTokensScored: heldOutPairs });

const bigram = new InterpolatedBigram(train, vocabularySize);
const shares = bigram.fitShares(dev);
const bigramLoss = bigram.loss(heldOut, heldOutPairs);
await log({ event: "bigram", shares, heldOutLoss: bigramLoss });
console.log(`pretrain: ${train.length} tokens to train on; interpolated bigram's held-out loss ${bigramLoss.toFixed(4)}`);

const model = buildGpt({ ...shape, seed });
const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
const optimizer = new AdamW({ variables: weights, weightDecay: 0.1, clipNorm: 1 });
console.log(`pretrain: ${model.countParams()} parameters`);

const start = performance.now();
const batches = randomBatches(train, { context: shape.context, batch, seed });
let best = Infinity;
let recent = 0;
let recentCount = 0;
for (let step = 1; step <= steps; step++) {
  const { xs, ys } = batches.next().value;
  const { value, grads } = tf.variableGrads(() => nextTokenLoss(ys, model.apply(xs, { training: true }) as tf.Tensor), weights);
  optimizer.apply(grads, rateAt(step));
  const trainLoss = (await value.data())[0]!;
  tf.dispose([xs, ys, value, grads]);
  if (!Number.isFinite(trainLoss)) throw new Error(`pretrain: the loss is ${trainLoss} at step ${step}; try a smaller --rate`);
  recent += trainLoss;
  recentCount++;
  if (step % evaluateEvery !== 0 && step !== steps) continue;

  const devLoss = await meanLoss(model, orderedBatches(dev, { ...evaluateOn, limit: 8 }));
  const heldOutLoss = await meanLoss(model, orderedBatches(heldOut, { ...evaluateOn, limit: 8 }));
  const seconds = (performance.now() - start) / 1000;
  await log({ step, trainLoss: round(recent / recentCount), devLoss: round(devLoss), heldOutLoss: round(heldOutLoss), rate: round(rateAt(step)), seconds: Math.round(seconds) });
  console.log(`pretrain: step ${step} of ${steps}, loss ${(recent / recentCount).toFixed(3)} trained, ${devLoss.toFixed(3)} dev, ${heldOutLoss.toFixed(3)} held out; ${minutes(seconds)}, about ${minutes((seconds / step) * (steps - step))} to go`);
  [recent, recentCount] = [0, 0];
  if (devLoss >= best) continue;
  best = devLoss;
  await saveGpt(model, folder);
}

// What counts is what was written: the float16 weights, on all held-out text.
const written = await loadGpt(folder);
const finalLoss = await meanLoss(written, orderedBatches(heldOut, evaluateOn));
await log({ event: "end", checkpointHeldOutLoss: finalLoss, bigramHeldOutLoss: bigramLoss, seconds: Math.round((performance.now() - start) / 1000) });
console.log(`pretrain: the checkpoint's held-out loss is ${finalLoss.toFixed(4)}, the interpolated bigram's ${bigramLoss.toFixed(4)}`);
if (!(finalLoss < bigramLoss)) {
  console.error("pretrain: the checkpoint does not beat the bigram model; give it more --steps");
  process.exit(1);
}

/** Linear warm-up, then half a cosine down to a tenth. */
function rateAt(step: number): number {
  if (step <= warmup) return (rate * step) / warmup;
  const done = (step - warmup) / (steps - warmup);
  return rate * (0.1 + 0.45 * (1 + Math.cos(Math.PI * done)));
}

async function useNative(): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  tf.env().set("PROD", true);
  try {
    await import("@tensorflow/tfjs-node");
  } catch (cause) {
    throw new Error("pretrain: the native backend is not on this machine; run `pnpm native` (or `npm run native`) first", { cause });
  }
  if ((await tf.setBackend("tensorflow")) !== true || tf.getBackend() !== "tensorflow") throw new Error(`pretrain: the native backend did not start; tfjs went on with "${tf.getBackend()}"`);
}

function tensorflowVersion(): string {
  return (tf.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version;
}

function round(x: number): number {
  return Number(x.toPrecision(5));
}

function minutes(seconds: number): string {
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

// ListOps on a small scale: short expressions, a small bidirectional S4D; then one step of the full task is timed, and what the whole run would take is said.
//   npm run long-range -- [--steps N] [--files DIR] [--backend NAME]   --files: basic_train.tsv and basic_test.tsv of listops.ts or of Long Range Arena instead
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { disposeModel, randomGenerator } from "@warmstart/init-core";
import { s4dBlock, s4dOptimizer } from "@warmstart/ssm-s4d";
import { runProgram, wholeNumber } from "../compare/options.js";
import { describeBackend, startBackend } from "../demo/backend.js";
import { createScreen } from "../demo/progress.js";
import { expressions, type ListOpsOptions } from "./listops.js";
import { listOpsSequence, listOpsVocabulary, readListOps, type TokenSequence } from "./lra.js";

export interface Size {
  readonly features: number;
  readonly layers: number;
  readonly dState: number;
  readonly batch: number;
  readonly steps: number;
  readonly learningRate: number;
  /** Tokens of a sequence at most, the ending included. */
  readonly length: number;
}

/** What fits into five minutes on two cores, and its expressions. */
const small: Size = { features: 48, layers: 2, dState: 8, batch: 16, steps: 300, learningRate: 0.01, length: 128 };
const short: ListOpsOptions = { maxDepth: 4, maxArgs: 5, minLength: 10, maxLength: 100 };

/** The paper's: configs/experiment/lra/s4-listops.yaml of state-spaces/s4, 40 epochs of 96 000 expressions. */
const paper: Size = { features: 256, layers: 6, dState: 4, batch: 32, steps: 120_000, learningRate: 0.01, length: 2048 };

/** Tokens `"B L"` to ten logits a step, `"B L 10"`; 0 is padding and counts as no input. */
export function buildListOps({ features, layers, dState }: Size, seed: number): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: listOpsVocabulary, outputDim: features, maskZero: true, inputShape: [null], embeddingsInitializer: tf.initializers.randomNormal({ stddev: 1, seed }) }),
      ...Array.from({ length: layers }, (_, i) => s4dBlock({ init: "legs", dState, bidirectional: true, seed: seed * 100 + i })),
      tf.layers.dense({ units: 10, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
}

/** Logits `"B 10"`: the mean over the steps that are no padding, which a linear decoder may be put before. */
function logits(model: tf.LayersModel, x: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const present = tf.cast(tf.notEqual(x, 0), "float32");
    const y = tf.mul(model.apply(x, { training: true }) as tf.Tensor, tf.expandDims(present, 2));
    return tf.div(tf.sum(y, 1), tf.sum(present, 1, true)) as tf.Tensor2D;
  });
}

/** Sequences as one tensor, padded to the longest. */
function padded(sequences: readonly TokenSequence[]): { x: tf.Tensor2D; labels: tf.Tensor2D } {
  const longest = Math.max(...sequences.map(({ tokens }) => tokens.length));
  const values = new Int32Array(sequences.length * longest);
  for (const [i, { tokens }] of sequences.entries()) values.set(tokens, i * longest);
  return { x: tf.tensor2d(values, [sequences.length, longest], "int32"), labels: tf.tidy(() => tf.oneHot(tf.tensor1d(sequences.map(({ label }) => label), "int32"), 10) as tf.Tensor2D) };
}

/** Trains in place. Gives the seconds of each step, and frees all but the model. */
export async function trainListOps(model: tf.LayersModel, data: readonly TokenSequence[], { batch, steps, learningRate }: Size, seed: number, onStep: (step: number, loss: number) => void = () => undefined): Promise<number[]> {
  const optimizer = s4dOptimizer(model, { learningRate, weightDecay: 0.05 });
  const random = randomGenerator(seed);
  const seconds: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const begun = performance.now();
    optimizer.setFactor((1 + Math.cos((Math.PI * (step - 1)) / steps)) / 2);
    const { x, labels } = padded(Array.from({ length: batch }, () => data[random.integer(data.length)]!));
    const cost = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, logits(model, x)) as tf.Scalar, true)!;
    onStep(step, (await cost.data())[0]!);
    tf.dispose([x, labels, cost]);
    seconds.push((performance.now() - begun) / 1000);
  }
  optimizer.dispose();
  return seconds;
}

/** Share of the sequences whose value the model finds. */
export async function accuracyOn(model: tf.LayersModel, data: readonly TokenSequence[], batch = 50): Promise<number> {
  let right = 0;
  for (let at = 0; at < data.length; at += batch) {
    const { x, labels } = padded(data.slice(at, at + batch));
    const hits = tf.tidy(() => tf.sum(tf.cast(tf.equal(tf.argMax(logits(model, x), 1), tf.argMax(labels, 1)), "int32")));
    right += (await hits.data())[0]!;
    tf.dispose([x, labels, hits]);
  }
  return right / data.length;
}

/** The share of the most frequent value. */
export function mostFrequent(data: readonly TokenSequence[]): number {
  const counts = data.reduce<number[]>((sum, { label }) => sum.with(label, sum[label]! + 1), Array<number>(10).fill(0));
  return Math.max(...counts) / data.length;
}

/** Generated expressions, all different. */
export function generated(count: number, options: ListOpsOptions, length: number): TokenSequence[] {
  const source = expressions(options);
  return Array.from({ length: count }, () => {
    const { source: text, target } = source.next().value;
    return { tokens: listOpsSequence(text, length), label: target };
  });
}

/** Seconds of one training step of a size, from `batch` sequences of full length in its place, the first step left out. */
export async function secondsPerStep(size: Size, batch: number, timed = 2): Promise<number> {
  const model = buildListOps(size, 1);
  const sequence = { tokens: new Uint8Array(size.length).map((_, t) => 1 + (t % (listOpsVocabulary - 1))), label: 3 };
  const seconds = await trainListOps(model, [sequence], { ...size, batch, steps: timed + 1 }, 1);
  disposeModel(model);
  return (Math.min(...seconds.slice(1)) / batch) * size.batch;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { steps: { type: "string", default: String(small.steps) }, files: { type: "string" }, backend: { type: "string" } } });
  const size = { ...small, steps: wholeNumber("steps", values.steps) };
  const screen = createScreen(process.stdout);
  for (const line of describeBackend(await startBackend(values.backend))) screen.line(line);
  const { files } = values;
  const all = files === undefined ? generated(20_500, { ...short, seed: 1 }, size.length) : [];
  const [train, test] = files === undefined ? [all.slice(500), all.slice(0, 500)] : (["train", "test"] as const).map((part) => readListOps(join(files, `basic_${part}.tsv`), size.length));
  screen.line(`ListOps, ${files === undefined ? `expressions of ${short.minLength} to ${short.maxLength} symbols, depth ${short.maxDepth} at most` : `${files}, the first ${size.length} tokens`}: ${size.steps} batches of ${size.batch}, ${size.layers} bidirectional blocks of ${size.features} features`);
  const model = buildListOps(size, 1);
  const begun = performance.now();
  await trainListOps(model, train!, size, 1, (step, loss) => screen.status(`step ${step} of ${size.steps}: loss ${loss.toFixed(3)}`, { share: step / size.steps, milestone: step % 100 === 0 }));
  const seconds = (performance.now() - begun) / 1000;
  screen.line(`${(100 * (await accuracyOn(model, test!))).toFixed(1)} % of ${test!.length} other expressions right, ${(100 * mostFrequent(test!)).toFixed(1)} % by always saying the most frequent value; ${Math.round(seconds)} s of training on ${tf.getBackend()}`);
  disposeModel(model);
  screen.status("timing a step of the full task");
  const full = await secondsPerStep(paper, 1);
  screen.line(`the paper's run: ${paper.steps} steps of ${paper.batch} × ${paper.length} tokens, ${paper.layers} blocks of ${paper.features} features. A step takes ${full.toFixed(1)} s here (${paper.batch} times one of a single sequence), all of them ${((full * paper.steps) / 86_400).toFixed(1)} days`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runProgram(main);

// Sequential MNIST: an image is a sequence of 784 pixels, read one after the other, and what digit it was is said at the end. The same small model is trained
// from three starts on the same batches; the first then reads an image as a stream.  npm run smnist -- [--start NAME]… [--steps N] [--backend NAME]
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { createModelStream } from "@warmstart/ssm-s4d";
import { mnist } from "../compare/images.js";
import { namesAmong, runProgram, wholeNumber } from "../compare/options.js";
import { describeBackend, startBackend } from "../demo/backend.js";
import { createScreen } from "../demo/progress.js";
import { pixelByPixel } from "./sequences.js";
import { startNames, starts, type StartName } from "./starts.js";
import { buildClassifier, train, type Point, type Training } from "./train.js";

export interface Size {
  readonly features: number;
  readonly layers: number;
  readonly dState: number;
}

export interface StartResult extends Point {
  readonly start: StartName;
  readonly parameters: number;
  readonly seconds: number;
}

interface Hooks {
  readonly onStep?: (start: StartName, step: number, loss: number, point: Point | undefined) => void;
  /** The model is gone afterwards. */
  readonly onTrained?: (start: StartName, model: tf.LayersModel) => Promise<void>;
}

/** A model of this size from each start, trained the same way. Frees everything. */
export async function trainStarts(names: readonly StartName[], size: Size, how: Training, seed: number, { onStep = () => undefined, onTrained = () => Promise.resolve() }: Hooks = {}): Promise<StartResult[]> {
  const results: StartResult[] = [];
  for (const start of names) {
    const model = buildClassifier({ ...size, ...starts[start].args, seed }, how.train);
    try {
      const { points, seconds } = await train(model, how, seed, (step, loss, point) => onStep(start, step, loss, point));
      await onTrained(start, model);
      results.push({ ...points.at(-1)!, start, parameters: model.countParams(), seconds });
    } finally {
      disposeModel(model);
    }
  }
  return results;
}

/** What a model of `buildClassifier` says after so many pixels of a stream, and how sure it is. */
export interface Answer {
  readonly pixels: number;
  readonly digit: number;
  /** Of 1. */
  readonly probability: number;
}

/** Reads an image of one byte a pixel, one pixel at a time, and asks `questions` times, evenly spaced. */
export async function readPixels(model: tf.LayersModel, image: Uint8Array, questions: number): Promise<Answer[]> {
  const stream = await createModelStream(model.layers.at(-1) as tf.LayersModel); // after the layer that makes a sequence of an image
  const answers: Answer[] = [];
  try {
    for (const [i, pixel] of image.entries()) {
      const probabilities = tf.tidy(() => tf.softmax(stream.step(tf.tensor2d([[pixel / 255]]))));
      if (Math.floor(((i + 1) * questions) / image.length) > answers.length) {
        const values = [...(await probabilities.data())];
        const probability = Math.max(...values);
        answers.push({ pixels: i + 1, digit: values.indexOf(probability), probability });
      }
      probabilities.dispose();
    }
  } finally {
    stream.dispose();
  }
  return answers;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { start: { type: "string", multiple: true, default: ["legs", "real", "rand"] }, steps: { type: "string", default: "400" }, backend: { type: "string" } } });
  const names = namesAmong("start", values.start, startNames);
  const steps = wholeNumber("steps", values.steps);
  const begun = performance.now();
  const screen = createScreen(process.stdout);
  for (const line of describeBackend(await startBackend(values.backend))) screen.line(line);
  const size: Size = { features: 32, layers: 1, dState: 64 };
  const how: Training = { train: pixelByPixel(mnist("train")), test: pixelByPixel(mnist("test")), steps, batch: 10, learningRate: 0.02, heldOut: 100, heldOutLast: 1000, evaluateEvery: 50 };
  screen.line(`MNIST pixel by pixel, 784 steps: ${steps} batches of ${how.batch} images, ${size.layers} block of ${size.features} features with ${size.dState} states; tested on ${how.heldOutLast} other images`);
  const results = await trainStarts(names, size, how, 1, {
    onStep(start, step, loss, point) {
      const share = (names.indexOf(start) + step / steps) / names.length;
      const seen = point === undefined ? `loss ${loss.toFixed(3)}` : `loss ${point.loss.toFixed(3)}, ${point.accuracy.toFixed(1)} % right`;
      screen.status(`${starts[start].title}, step ${step} of ${steps}: ${seen}`, { share, milestone: point !== undefined });
    },
    async onTrained(start, model) {
      if (start !== names[0]) return;
      screen.line(`${starts[start].title} reads a ${how.test.labels[0]} as a stream, a pixel at a time:`);
      for (const { pixels, digit, probability } of await readPixels(model, how.test.images.subarray(0, 784), 7)) screen.line(`  after ${String(pixels).padStart(3)} pixels: ${digit} (${Math.round(100 * probability)} %)`);
    },
  });
  screen.line("");
  for (const { start, loss, accuracy, parameters, seconds } of results) screen.line(`${starts[start].title.padEnd(9)} ${accuracy.toFixed(1).padStart(5)} % of ${how.heldOutLast} held-out images right, training loss ${loss.toFixed(3)}, ${parameters} parameters, ${Math.round(seconds)} s of training`);
  screen.line(`${tf.getBackend()}, ${Math.round((performance.now() - begun) / 1000)} s in all`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runProgram(main);

// What the three tasks share: a course of training, and the points at which it is looked at.
import * as tf from "@tensorflow/tfjs";
import type { LayerName } from "./model.js";

export interface Setting {
  readonly layer: LayerName;
  readonly depth: number;
  readonly hidden: number;
  readonly steps: number;
  /** Adam's. */
  readonly learningRate: number;
  readonly evaluateEvery: number;
}

/** What is counted, better when larger: a share of right answers, or ranks. NaN where nothing is held out for it. */
export interface Point {
  readonly step: number;
  /** Of the batch of that step, before it; null when it is no number. */
  readonly loss: number | null;
  readonly valid: number | null;
  readonly test: number;
}

export interface Outcome {
  readonly points: readonly Point[];
  /** Of the test, at the best point of the validation; the last where there is none. */
  readonly score: number;
  /** Mean square of what each convolution hands on at the start; null where it is beyond float32. */
  readonly signal: readonly (number | null)[];
  readonly parameters: number;
  readonly trainingSeconds: number;
}

/** Trains with Adam, and looks at every `evaluateEvery` steps and at the last. `lossOf` is called inside a gradient. */
export async function trainLoop(variables: tf.Variable[], { steps, learningRate, evaluateEvery }: Setting, lossOf: (step: number) => tf.Scalar, evaluate: (step: number) => Promise<Pick<Point, "valid" | "test">>, onPoint: (point: Point) => void): Promise<Pick<Outcome, "points" | "score" | "trainingSeconds">> {
  const optimizer = tf.train.adam(learningRate);
  const points: Point[] = [];
  let milliseconds = 0;
  try {
    for (let step = 1; step <= steps; step++) {
      const begun = performance.now();
      const loss = optimizer.minimize(() => lossOf(step), true, variables)!;
      const [value] = await loss.data();
      loss.dispose();
      milliseconds += performance.now() - begun;
      if (step % evaluateEvery !== 0 && step !== steps) continue;
      const point = { step, loss: finite(value!), ...(await evaluate(step)) };
      points.push(point);
      onPoint(point);
    }
  } finally {
    optimizer.dispose();
  }
  return { points, score: bestByValidation(points).test, trainingSeconds: milliseconds / 1000 };
}

/** JSON has neither NaN nor infinity. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The point with the best validation, the first of equals; the last where nothing is held out for it. */
export function bestByValidation(points: readonly Point[]): Point {
  return points.reduce((best, point) => (point.valid === null ? point : best.valid === null || point.valid > best.valid ? point : best));
}

/** Trainable variables of a model. */
export const variablesOf = (model: tf.LayersModel): tf.Variable[] => model.trainableWeights.map((weight) => weight.read() as tf.Variable);

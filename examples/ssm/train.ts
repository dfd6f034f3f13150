// One training for all starts: the same batches for a seed, AdamW with a small learning rate for A, B and Δ, a tenth of warm-up, then a cosine to zero.
import * as tf from "@tensorflow/tfjs";
import { s4dClassifier, s4dOptimizer, type S4DClassifierArgs } from "@warmstart/ssm-s4d";
import { errorOn, randomBatches } from "../compare/image-batches.js";
import type { Images } from "../compare/images.js";

/** Everything but the start. */
export interface Training {
  /** Sequences of `pixelByPixel` or `permuted`, of ten classes. */
  readonly train: Images;
  readonly test: Images;
  readonly steps: number;
  readonly batch: number;
  /** Of everything but A, B and Δ, which have at most 0.001. */
  readonly learningRate: number;
  /** Test images looked at on the way, and after the last step. */
  readonly heldOut: number;
  readonly heldOutLast: number;
  /** Steps between two looks at them. */
  readonly evaluateEvery: number;
}

/** What was seen after so many steps. */
export interface Point {
  readonly step: number;
  /** Nats, mean over the training batches since the point before. */
  readonly loss: number;
  /** Per cent of the held-out images. */
  readonly accuracy: number;
}

export interface Trained {
  readonly points: readonly Point[];
  /** Of the steps alone. */
  readonly seconds: number;
}

/** A classifier of sequences of these images: `"batch steps 1 1"` to logits `"batch 10"`. The caller disposes it. */
export function buildClassifier(args: Omit<S4DClassifierArgs, "inputShape" | "classes" | "outputActivation">, { shape }: Images): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.reshape({ name: "sequence", inputShape: [...shape], targetShape: [shape[0], 1] }), s4dClassifier({ ...args, inputShape: [shape[0], 1], classes: 10, outputActivation: "linear" })] });
}

/** Trains in place on the batches of a seed. Frees all but the model. */
export async function train(model: tf.LayersModel, how: Training, seed: number, onStep: (step: number, loss: number, point: Point | undefined) => void = () => undefined): Promise<Trained> {
  const { steps, learningRate, evaluateEvery, heldOut, heldOutLast } = how;
  const optimizer = s4dOptimizer(model, { learningRate });
  const batches = randomBatches(how.train, how.batch, seed);
  const points: Point[] = [];
  let [seconds, since] = [0, [] as number[]];
  try {
    for (let step = 1; step <= steps; step++) {
      const begun = performance.now();
      optimizer.setFactor(factorAt(step, steps));
      const { xs, ys } = batches.next().value;
      const cost = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(ys, model.apply(xs, { training: true }) as tf.Tensor) as tf.Scalar, true)!;
      const loss = (await cost.data())[0]!;
      tf.dispose([xs, ys, cost]);
      since.push(loss);
      seconds += (performance.now() - begun) / 1000;
      let point: Point | undefined;
      if (step % evaluateEvery === 0 || step === steps) {
        point = { step, loss: since.reduce((sum, each) => sum + each, 0) / since.length, accuracy: 100 - (await errorOn(model, how.test, step === steps ? heldOutLast : heldOut, 100)) };
        points.push(point);
        since = [];
      }
      onStep(step, loss, point);
    }
    return { points, seconds };
  } finally {
    optimizer.dispose();
  }
}

/** A tenth of the steps linearly up to 1, then half a cosine down; above 0 at the last step. */
export function factorAt(step: number, steps: number): number {
  const warmUp = Math.max(1, Math.round(steps / 10));
  return step <= warmUp ? step / warmUp : (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp + 1))) / 2;
}

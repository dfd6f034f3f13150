import * as tf from "@tensorflow/tfjs";
import type { Pruned } from "@warmstart/pruning-at-init";
import { sgd } from "@warmstart/optim-sai";
import { errorOn, randomBatches } from "../image-batches.js";
import type { Images } from "../images.js";

/** The same training for every network: momentum, a tenth of warm-up, then a cosine to zero. */
export interface Training {
  readonly train: Images;
  readonly test: Images;
  readonly steps: number;
  readonly batch: number;
  /** Test images looked at. */
  readonly heldOut: number;
  readonly learningRate: number;
}

export interface Trained {
  /** Per cent of the held-out images. */
  readonly accuracy: number;
  /** Of the steps alone. */
  readonly seconds: number;
}

/** Trains in place on the batches of a seed, with the masks kept where there are any. Frees all but the model. */
export async function train(model: tf.LayersModel, { train: images, test, steps, batch, heldOut, learningRate }: Training, seed: number, pruned?: Pruned): Promise<Trained> {
  const inner = sgd({ learningRate: { schedule: "cosine", learningRate, steps, warmupSteps: Math.round(steps / 10) }, momentum: 0.9 });
  const optimizer = pruned === undefined ? inner : pruned.keep(inner);
  const batches = randomBatches(images, batch, seed);
  const begun = performance.now();
  try {
    for (let step = 0; step < steps; step++) {
      const { xs, ys } = batches.next().value;
      optimizer.minimize(() => tf.losses.softmaxCrossEntropy(ys, model.apply(xs, { training: true }) as tf.Tensor) as tf.Scalar);
      tf.dispose([xs, ys]);
      if (step % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await model.getWeights()[0]!.data(); // the last step has been done
    const seconds = (performance.now() - begun) / 1000;
    return { accuracy: 100 - (await errorOn(model, test, heldOut)), seconds };
  } finally {
    optimizer.dispose();
  }
}

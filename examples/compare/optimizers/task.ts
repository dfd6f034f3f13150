import type * as tf from "@tensorflow/tfjs";

/** What is trained: each run from the same weights for a seed, on the same batches. */
export interface Task {
  readonly name: "lm" | "vit";
  readonly title: string;
  /** Of the result: the smaller the better. */
  readonly metric: string;
  readonly steps: number;
  /** A new model; the caller disposes it. */
  build(seed: number): Promise<tf.LayersModel>;
  /** One training step; disposes what it makes. */
  step(model: tf.LayersModel, optimizer: tf.Optimizer, batch: Batch): void;
  /** Training batches without end; the caller disposes each. */
  batches(seed: number): Generator<Batch, never>;
  /** The metric on held-out data. */
  evaluate(model: tf.LayersModel): Promise<number>;
}

interface Batch {
  readonly xs: tf.Tensor;
  readonly ys: tf.Tensor;
}

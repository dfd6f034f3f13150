// One update of all the tensors of a real model by one optimizer; only the update is timed, on fixed gradients.
import * as tf from "@tensorflow/tfjs";
import { adamW, sgdSai } from "@warmstart/optim-sai";
import type { Work } from "../definition.js";
import { finished } from "../material.js";
import type { OptimizerName } from "./sai-shapes.js";

const makers: Readonly<Record<OptimizerName, () => tf.Optimizer>> = {
  sgdSai: () => sgdSai({ learningRate: 1e-3, weightDecay: 5e-2 }),
  adamW: () => adamW({ learningRate: 1e-3, weightDecay: 5e-2 }),
  "tf.train.adam": () => tf.train.adam(1e-3),
  "tf.train.momentum": () => tf.train.momentum(1e-3, 0.9),
};

export async function prepare(name: OptimizerName, tensors: readonly number[][]): Promise<Work> {
  const variables = tensors.map((shape, i) => tf.tidy(() => tf.variable(tf.randomUniform(shape, -0.02, 0.02, "float32", i + 1))));
  // As in training, where they are results of operations: a backend keeps those otherwise than numbers that came from JavaScript.
  const gradients = Object.fromEntries(variables.map((variable, i) => [variable.name, tf.tidy(() => tf.mul(tf.randomUniform(variable.shape, -1, 1, "float32", 1000 + i), 1e-3))]));
  const before = tf.memory().numBytes;
  const optimizer = makers[name]();
  return async () => {
    optimizer.applyGradients(gradients);
    await finished(variables.at(-1)!);
    return { figures: { state_bytes: tf.memory().numBytes - before }, dispose: () => undefined };
  };
}

// S4D: a pass of training, its kernel, its steps, and how its cost grows. Starts and shapes as in peers/torch_s4d.py.
import * as tf from "@tensorflow/tfjs";
import { createParameters, createRecurrence, s4dForward, s4dKernel, ssmOf, type S4DParameters } from "@warmstart/ssm-s4d";
import type { Work } from "../definition.js";
import { finished } from "../material.js";
import { timed, timedParts } from "../timed.js";

const start = (features: number, dState: number) => createParameters({ init: "lin", features, dState, seed: 1 });
const input = (batch: number, features: number, length: number) => tf.randomNormal<tf.Rank.R3>([batch, features, length], 0, 1, "float32", 2);

/** Mean square of the outputs, with its gradient in every parameter but B, which torch's has not. */
function pass(parameters: S4DParameters, u: tf.Tensor3D): () => tf.Tensor {
  const names = ["logDt", "logAReal", "aImag", "cRe", "cIm", "d"] as const;
  const loss = (...given: tf.Tensor[]): tf.Scalar => {
    const { d, ...rest } = Object.fromEntries(names.map((name, i) => [name, given[i]!])) as unknown as S4DParameters;
    return tf.mean(tf.square(s4dForward(u, ssmOf(rest), { d })));
  };
  return () => {
    const gradients = tf.grads(loss)(names.map((name) => parameters[name]));
    return tf.concat(gradients.map((gradient) => tf.reshape(gradient, [-1]))); // so that all of them are waited for
  };
}

export const prepareForwardBackward = (): Work => timed(pass(start(256, 64), input(8, 256, 4096)));

export function prepareKernel(): Work {
  const parameters = start(256, 64);
  return timed(() => s4dKernel(ssmOf(parameters), 16384));
}

/** 10,000 steps of one sequence, each read back as a stream needs it. */
export async function prepareSteps(): Promise<Work> {
  const { d, ...parameters } = start(256, 64);
  const recurrence = await createRecurrence(ssmOf(parameters), { d });
  const u = tf.randomNormal<tf.Rank.R2>([1, 256], 0, 1, "float32", 2);
  return async () => {
    for (let t = 0; t < 10_000; t++) {
      const y = recurrence.step(u);
      if (t % 100 === 99) await finished(y);
      y.dispose();
    }
    return { dispose: () => undefined };
  };
}

export const lengths = [1024, 4096, 16384];

export function prepareLengths(): Work {
  const parameters = start(64, 64);
  return timedParts(Object.fromEntries(lengths.map((length) => [`L=${length}`, pass(parameters, input(2, 64, length))])));
}

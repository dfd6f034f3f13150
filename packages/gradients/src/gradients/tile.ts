import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";

/**
 * The repetitions summed up, in one reshape and one sum, for any rank. (tfjs takes and adds one slice a repetition, and
 * stops at rank 4.)
 */
export const tile: Entry = {
  mode: "replace",
  gradient: {
    kernelName: "Tile",
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attrs) => ({ x: () => untile(dy as Tensor, x!.shape, attrs.reps as unknown as number[]) }),
  },
};

function untile(dy: Tensor, shape: readonly number[], reps: readonly number[]): Tensor {
  // Axes of repetitions and of entries in turn; neighbours of one kind become one, so that the rank stays low.
  const axes: { size: number; repeats: boolean }[] = [];
  const push = (size: number, repeats: boolean) => {
    const last = axes.at(-1);
    if (last?.repeats === repeats) last.size *= size;
    else if (size !== 1) axes.push({ size, repeats });
  };
  shape.forEach((size, axis) => {
    push(reps[axis]!, true);
    push(size, false);
  });
  const summed = axes.flatMap(({ repeats }, axis) => (repeats ? [axis] : []));
  const apart = tf.reshape(dy, axes.map(({ size }) => size));
  return tf.reshape(summed.length === 0 ? apart : tf.sum(apart, summed), [...shape]);
}

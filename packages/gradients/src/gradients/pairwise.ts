import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { sumTo } from "../broadcast.js";
import type { Entry } from "../gradient.js";

type Towards = (dy: Tensor, a: Tensor, b: Tensor) => Tensor;

function pairwise(kernelName: string, towardsA: Towards, towardsB: Towards): Entry {
  return {
    mode: "replace",
    gradient: {
      kernelName,
      inputsToSave: ["a", "b"],
      gradFunc: (dy, [a, b]) => ({ a: () => sumTo(towardsA(dy as Tensor, a!, b!), a!.shape), b: () => sumTo(towardsB(dy as Tensor, a!, b!), b!.shape) }),
    },
  };
}

const when = (dy: Tensor, condition: Tensor): Tensor => tf.mul(dy, tf.cast(condition, "float32"));

/** Where an operand is broadcast, tfjs' own throw. At a tie all goes to the first, as in tfjs. */
export const pairwiseEntries: readonly Entry[] = [
  pairwise("Maximum", (dy, a, b) => when(dy, tf.greaterEqual(a, b)), (dy, a, b) => when(dy, tf.less(a, b))),
  pairwise("Minimum", (dy, a, b) => when(dy, tf.lessEqual(a, b)), (dy, a, b) => when(dy, tf.greater(a, b))),
  pairwise("SquaredDifference", (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), 2)), (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(b, a), 2))),
];

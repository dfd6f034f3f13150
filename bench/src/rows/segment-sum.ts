import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";
import { integers, noise } from "../material.js";
import { timed } from "../timed.js";

/** `rows` rows of 128 into `segments`, in no order: the gradient of looking them up. */
export async function prepare({ rows = 200_000, segments = 20_000 }: { rows?: number; segments?: number } = {}): Promise<Work> {
  const x = noise<tf.Rank.R2>([rows, 128], 1);
  const ids = tf.tensor1d(integers(rows, segments, 2), "int32");
  return timed(() => tf.unsortedSegmentSum(x, ids, segments));
}

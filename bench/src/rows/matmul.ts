import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";
import { noise } from "../material.js";
import { timedParts } from "../timed.js";

function form(transposeA: boolean, transposeB: boolean): () => tf.Tensor {
  const [a, b] = [noise<tf.Rank.R2>([512, 512], 1), noise<tf.Rank.R2>([512, 512], 2)];
  return () => tf.matMul(a, b, transposeA, transposeB);
}

export async function prepare(): Promise<Work> {
  return timedParts({ plain: form(false, false), transposeA: form(true, false), transposeB: form(false, true), "both transposed": form(true, true) });
}

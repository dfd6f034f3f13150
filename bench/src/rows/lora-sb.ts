import * as tf from "@tensorflow/tfjs";
import { loraSbFactors } from "@warmstart/lora-init";
import { finished } from "../material.js";
import type { Work } from "../definition.js";

const normal = (rows: number, columns: number, seed: number) => tf.randomNormal<tf.Rank.R2>([rows, columns], 0, 1, "float32", seed);

/** A gradient of rank 8 under noise of the same size, as the peers have it. */
export async function prepare(): Promise<Work> {
  const gradient = tf.tidy(() => tf.add(tf.matMul(normal(768, 8, 1), normal(8, 3072, 2)), tf.mul(normal(768, 3072, 3), 2)) as tf.Tensor2D);
  return async () => {
    const { down, core, up } = await loraSbFactors(gradient, 64, { learningRate: 1e-4 });
    await finished(up);
    return { dispose: () => tf.dispose([down, core, up]) };
  };
}

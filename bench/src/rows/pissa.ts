import * as tf from "@tensorflow/tfjs";
import { pissaFactors } from "@warmstart/lora-init";
import { finished } from "../material.js";
import type { Work } from "../definition.js";

export async function prepare(): Promise<Work> {
  const kernel = tf.randomNormal<tf.Rank.R2>([2048, 2048], 0, 2048 ** -0.5, "float32", 1);
  return async () => {
    const { down, up, base } = await pissaFactors(kernel, { r: 32 });
    await finished(base);
    return { dispose: () => tf.dispose([down, up, base]) };
  };
}

import * as tf from "@tensorflow/tfjs";
import { randomizedSvd } from "@warmstart/linalg";
import { decaying, finished } from "../material.js";
import type { Work } from "../definition.js";

export async function prepare(): Promise<Work> {
  const matrix = decaying(768, 3072);
  return async () => {
    const { u, v } = await randomizedSvd(matrix, 32);
    await finished(u);
    return { dispose: () => tf.dispose([u, v]) };
  };
}

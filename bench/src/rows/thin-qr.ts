import * as tf from "@tensorflow/tfjs";
import { thinQr } from "@warmstart/linalg";
import { decaying, finished } from "../material.js";
import type { Work } from "../definition.js";

export async function prepare(): Promise<Work> {
  const matrix = decaying(3072, 64);
  return async () => {
    const { q, r } = await thinQr(matrix);
    await finished(q);
    return { dispose: () => tf.dispose([q, r]) };
  };
}

import * as tf from "@tensorflow/tfjs";
import type { Work } from "../definition.js";
import { noise } from "../material.js";
import { timed } from "../timed.js";

/** The scores of attention: 16 windows, 4 heads, 64 positions, 24 numbers each. */
export async function prepare(): Promise<Work> {
  const [q, k] = [noise<tf.Rank.R4>([16, 4, 64, 24], 1), noise<tf.Rank.R4>([16, 4, 64, 24], 2)];
  return timed(() => tf.einsum("bhqd,bhkd->bhqk", q, k));
}

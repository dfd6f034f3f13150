import { selectMasks } from "@warmstart/pruning-at-init";
import type { Work } from "../definition.js";
import { integers } from "../material.js";

/** One ranking of 25 million scores in five layers. */
export async function prepare(): Promise<Work> {
  const scores = new Map(Array.from({ length: 5 }, (_, layer) => [`layer${layer}`, Float32Array.from(integers(5_000_000, 2 ** 24, layer + 1), (value) => value / 2 ** 23 - 1)] as const));
  return async () => {
    selectMasks(scores, { density: 0.1 });
    return { dispose: () => undefined };
  };
}

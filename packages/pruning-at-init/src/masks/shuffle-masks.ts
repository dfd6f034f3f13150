import { permutation, subSeed } from "@warmstart/init-core";
import type { MaskMap } from "./select-masks.js";

/**
 * Each mask with its entries in random order: the control that says whether a method chose weights, or only densities of layers
 * (Frankle et al., Pruning neural networks at initialization: why are we missing the mark?, ICLR 2021).
 *
 * @returns new masks with the same counts.
 *
 * @example
 * const control = shuffleMasks(masks, 7);
 */
export function shuffleMasks(masks: MaskMap, seed: number): Map<string, Uint8Array> {
  return new Map(
    [...masks].map(([name, mask], position) => {
      const order = permutation(mask.length, subSeed(seed, position));
      return [name, Uint8Array.from(order, (from) => mask[from]!)];
    }),
  );
}

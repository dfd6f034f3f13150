import { GramComponents } from "./gram-components.js";
import { IncrementalComponents } from "./incremental-components.js";
import { SketchComponents } from "./sketch-components.js";
import type { StreamingComponents } from "./components.js";

/**
 * How the directions of a layer's inputs are found. "gram": exact, width² floats. "sketch": for wide layers, 4·k·width floats,
 * nearly exact. "incremental": as in PEFT. "auto": gram up to 128 columns, and where a sketch would be no narrower; else sketch.
 */
export type EvaAlgorithm = "auto" | "gram" | "sketch" | "incremental";

export interface StatisticsOptions {
  readonly algorithm?: EvaAlgorithm;
  /** About the mean, as in the authors' code and PEFT (default), or about zero, as in the paper's theorem. */
  readonly center?: boolean;
  readonly seed?: number;
}

/** Statistics that can give the `k` strongest directions of rows of `width` columns. The caller disposes them. */
export function createStatistics(width: number, k: number, { algorithm = "auto", center = true, seed = 0 }: StatisticsOptions): StreamingComponents {
  if (algorithm === "incremental") return new IncrementalComponents(width, k);
  if (algorithm === "gram" || (algorithm === "auto" && (width <= 128 || 2 * k >= width))) return new GramComponents(width, center);
  return new SketchComponents(width, 2 * k, { center, seed });
}

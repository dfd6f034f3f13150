import { subSeed, type ShapeInitializer } from "@warmstart/init-core";
import type { VirgoPlan } from "../virgo-variances.js";
import { virgoInitializer, type VirgoDistribution } from "./virgo-initializer.js";

export interface VirgoInitializersOptions {
  /** Default "uniform". */
  readonly distribution?: VirgoDistribution;
  /** Layer l has `subSeed(seed, l - 1)`. Default 0. */
  readonly seed?: number;
}

/**
 * An initializer a layer, in order, for layers that are yet to be built. A layer with two kernels (GraphSAGE's root) draws both
 * with one: give them seeds of their own where they have one shape, or start the built model with `virgo`, which does.
 *
 * @throws {WarmstartError} INVALID_OPTION for a variance that is not positive, an unknown distribution or a bad seed.
 *
 * @example
 * const [first, second] = virgoInitializers(virgoPlan(graph, { dims: [34, 16, 2] }), { seed: 1 });
 */
export function virgoInitializers({ variance }: Pick<VirgoPlan, "variance">, { distribution = "uniform", seed = 0 }: VirgoInitializersOptions = {}): ShapeInitializer[] {
  return Array.from(variance, (one, layer) => virgoInitializer({ variance: one, distribution, seed: subSeed(seed, layer) }));
}

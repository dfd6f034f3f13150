// FORCE (de Jorge et al., Progressive skeletonization, ICLR 2021, arXiv:2006.09081): SNIP in rounds, in which pruned weights may come back.
// The authors' code draws one batch anew in each round and keeps int(density · N); here all of `data` in each round, and exact counts.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Initializer, Network } from "@warmstart/init-core";
import { withMasked } from "../masks/prune-in-rounds.js";
import { maskInitializer, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import { scoreSnip, type SnipOptions } from "./snip.js";

export interface ForceOptions extends SnipOptions {
  /** "force": |w · g| with the weights from before pruning and the gradient of the masked network. "grasp-it": g², pruned weights stay pruned. Default "force". */
  readonly method?: "force" | "grasp-it";
}

/**
 * Masks by FORCE in `iterations` rounds (default 60). What was pruned is scored by the gradient that it would have and may return.
 * Iter-SNIP, in which it may not, is `snip` with `iterations`.
 *
 * @example
 * await initialize(model, force({ density: 0.01, data: () => batches() }));
 */
export function force(options: ForceOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  const { method = "force" } = options;
  return maskInitializer(
    "force",
    options,
    ({ settings, prune }) => prune((masks) => withMasked(settings.parameters, masks, (values) => scoreSnip(options.data, { ...settings, values }, options, method === "force" ? "dense" : "none")), { figure: "loss", pinned: method !== "force" }),
    { usualIterations: 60 },
  );
}

// The shallower model: a block's layers leave the configuration, its input takes the place of its output.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { rewriteModel, WarmstartError } from "@warmstart/init-core";
import { findResidualBlocks, type ResidualBlock } from "./find-residual-blocks.js";

/** Where the weights of the layers that stay come from: the model's own, shared until one of the two trains, or drawn anew by each layer's initializer. */
export type KeptWeights = "keep" | "reinit";

/**
 * A new, uncompiled model without some residual blocks; the layers that stay keep their names, order and weights. The model itself
 * is left alone. The caller disposes the result (`disposeModel`).
 *
 * @param ids Of blocks that `findResidualBlocks` calls removable, in any order; inner and outer ones of nested blocks alike. None gives a copy.
 * @param values By parameter path, for weights that are to be others than the model's; they stay the caller's.
 * @throws {WarmstartError} NO_MATCH for an id that no block has; INVALID_OPTION, with the reason, for a block that must stay;
 *   MODEL_STATE for a model that tfjs cannot build again (an unregistered custom layer).
 *
 * @see A. Jordao et al., arXiv:2301.10835: "build a new network and copy weights", against masks of zeros, which save no time.
 *
 * @example
 * const shallower = removeBlocks(model, ["stage1/block2/add"]);
 */
export function removeBlocks(model: LayersModel, ids: readonly string[], values: Readonly<Record<string, Tensor>> = {}): LayersModel {
  const offered = [...findResidualBlocks(model), ...findResidualBlocks(model, { nested: "innermost" })];
  const blocks = ids.map((id) => {
    const known = offered.filter((block) => block.id === id);
    const block = known.find(({ removable }) => removable);
    if (known.length === 0) throw new WarmstartError("NO_MATCH", `removeBlocks: the model has no block "${id}". A block is named by its Add layer: ${[...new Set(offered.map((other) => other.id))].join(", ") || "there is none"}.`, { id });
    if (block === undefined) throw new WarmstartError("INVALID_OPTION", `removeBlocks: the block "${id}" cannot be removed: ${known[0]!.reason}.`, { id });
    return block;
  });
  return rewriteModel(model, { bypass: bypassOf(blocks), values });
}

/** Every layer hands on its first input, the Add its shortcut. */
function bypassOf(blocks: readonly ResidualBlock[]): Record<string, number> {
  const bypass = Object.fromEntries(blocks.flatMap(({ layers }) => layers.map((path) => [path, 0])));
  return { ...bypass, ...Object.fromEntries(blocks.flatMap(({ id, shortcut }) => [[id, shortcut]])) };
}

// The shallower model: a block's layers leave the configuration, its input takes the place of its output.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { disposeModel, rewriteModel, WarmstartError } from "@warmstart/init-core";
import { findResidualBlocks, type ResidualBlock } from "./find-residual-blocks.js";
import { freshWeights } from "./reinitialize.js";

export interface RemoveBlocksOptions {
  /** Weights of the layers that stay: the model's own, shared until one of the two trains, or drawn anew by each layer's initializer. Default "keep". */
  readonly weights?: "keep" | "reinit";
  /** Of "reinit". Default 0. */
  readonly seed?: number;
}

/**
 * A new, uncompiled model without some residual blocks; the layers that stay keep their names, order and weights. The model itself
 * is left alone. The caller disposes the result (`disposeModel`).
 *
 * @param ids Of blocks that `findResidualBlocks` calls removable, in any order; inner and outer ones of nested blocks alike. None gives a copy.
 * @throws {WarmstartError} NO_MATCH for an id that no block has; INVALID_OPTION, with the reason, for a block that must stay;
 *   MODEL_STATE for a model that tfjs cannot build again (an unregistered custom layer).
 *
 * @see A. Jordao et al., arXiv:2301.10835: a new network, to which weights are copied, not weights set to zero, which would save no time.
 *
 * @example
 * const shallower = removeBlocks(model, ["stage1/block2/add"]);
 */
export function removeBlocks(model: LayersModel, ids: readonly string[], { weights = "keep", seed = 0 }: RemoveBlocksOptions = {}): LayersModel {
  const smaller = withoutBlocks(model, ids);
  if (weights === "keep") return smaller;
  const values = freshWeights(smaller, seed);
  try {
    return rewriteModel(smaller, { values });
  } finally {
    tf.dispose(values);
    disposeModel(smaller);
  }
}

/** The same with other values for some weights, by parameter path; they stay the caller's. */
export function withoutBlocks(model: LayersModel, ids: readonly string[], values: Readonly<Record<string, Tensor>> = {}): LayersModel {
  const offered = offeredBlocks(model);
  const blocks = ids.map((id) => {
    const known = offered.filter((block) => block.id === id);
    const block = known.find(({ removable }) => removable);
    if (known.length === 0) throw new WarmstartError("NO_MATCH", `removeBlocks: the model has no block "${id}". A block is named by its Add layer: ${[...new Set(offered.map((other) => other.id))].join(", ") || "there is none"}.`, { id });
    if (block === undefined) throw new WarmstartError("INVALID_OPTION", `removeBlocks: the block "${id}" cannot be removed: ${known[0]!.reason}.`, { id });
    return block;
  });
  return rewriteModel(model, { bypass: bypassOf(blocks), values });
}

/** Blocks, of nested ones the outer and the inner. */
export const offeredBlocks = (model: LayersModel): ResidualBlock[] => [...findResidualBlocks(model), ...findResidualBlocks(model, { nested: "innermost" })];

/** Every layer hands on its first input, the Add its shortcut. */
function bypassOf(blocks: readonly ResidualBlock[]): Record<string, number> {
  const bypass = Object.fromEntries(blocks.flatMap(({ layers }) => layers.map((path) => [path, 0])));
  return { ...bypass, ...Object.fromEntries(blocks.map(({ id, shortcut }) => [id, shortcut])) };
}

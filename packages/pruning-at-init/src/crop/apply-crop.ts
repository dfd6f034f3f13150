import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { drawWeights, rewriteModel, WarmstartError } from "@warmstart/init-core";
import { firstChannels } from "./channel-axis.js";
import { channelGroups, type ChannelGroupsOptions } from "./channel-groups.js";
import type { ChannelGraph } from "./channel-graph.js";
import { cropEdits } from "./crop-edits.js";
import type { CropWidths } from "./plan-crop.js";
import { slicedWeights } from "./slice-weights.js";

export interface CropWeightsOptions {
  /** `reinit` (default): every layer's own initializer draws for the new sizes. `slice`: the first channels of each group keep their values. */
  readonly weights?: "reinit" | "slice";
  /** With `slice`: kernels times `√(inputs before / inputs after)`, so that a random start keeps its scale. Default true; false for trained weights. */
  readonly rescale?: boolean;
}

/**
 * The weights of the model with these widths.
 *
 * @returns values by parameter path; the caller disposes them.
 * @throws {WarmstartError} INVALID_OPTION for `slice` where a group grows; what `drawWeights` throws.
 */
export function cropWeights(model: LayersModel, graph: ChannelGraph, widths: CropWidths, { weights = "reinit", rescale = true, seed = 0 }: CropWeightsOptions & { readonly seed?: number } = {}): Record<string, Tensor> {
  const to = widthsFor(graph, widths);
  if (weights === "reinit") return drawWeights(model, { edit: cropEdits(graph, to), seed });
  const grown = graph.groups.find(({ width }, g) => to[g]! > width);
  if (grown !== undefined) throw new WarmstartError("INVALID_OPTION", `cropWeights: the channels of "${grown.id}" become more, and there is nothing to slice them from. Use weights: "reinit".`, { group: grown.id });
  return slicedWeights(model, graph, firstChannels(to), { rescale });
}

/**
 * A new, uncompiled model with the widths of a plan. The base is left alone. Layer names, the number of layers, and the shapes of inputs and outputs stay.
 *
 * @param values weights by parameter path, by `cropWeights`; shared by reference, they stay the caller's. Default: what `cropWeights` gives with `options`.
 * @returns the caller disposes it (`disposeModel`).
 * @throws {WarmstartError} PLAN_MISMATCH when the model has other channel groups than the plan; what `rewriteModel` throws.
 *
 * @example
 * const graph = channelGroups(model);
 * const small = applyCrop(model, planCrop(graph, { budget: { flops: 0.5 } }), { weights: "slice" });
 */
export function applyCrop(model: LayersModel, widths: CropWidths, { values, ...options }: CropWeightsOptions & ChannelGroupsOptions & { readonly seed?: number; readonly values?: Readonly<Record<string, Tensor>> } = {}): LayersModel {
  const graph = channelGroups(model, options);
  const to = widthsFor(graph, widths);
  if (values !== undefined) return rewriteModel(model, { edit: cropEdits(graph, to), values });
  const own = cropWeights(model, graph, widths, options);
  try {
    return rewriteModel(model, { edit: cropEdits(graph, to), values: own });
  } finally {
    for (const value of Object.values(own)) value.dispose();
  }
}

/** The planned width of each group of `graph`, which must be the one that was planned for, under any layer names. */
function widthsFor(graph: ChannelGraph, { groups }: CropWidths): number[] {
  const differs = graph.groups.findIndex(({ width, layers }, g) => width !== groups[g]?.from || layers.length !== groups[g].layers.length);
  if (differs >= 0 || graph.groups.length !== groups.length) {
    const there = graph.groups[Math.max(differs, 0)];
    throw new WarmstartError("PLAN_MISMATCH", `applyCrop: the plan has ${groups.length} channel groups, the model ${graph.groups.length}${there === undefined ? "" : `; "${there.id}" has ${there.width} channels, planned for ${groups[Math.max(differs, 0)]?.from ?? "none"}`}. Apply a plan to the model it was made for.`, { planned: groups.length, found: graph.groups.length });
  }
  return groups.map(({ to }) => to);
}

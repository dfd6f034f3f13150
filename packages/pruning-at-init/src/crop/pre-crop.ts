// PreCrop and PreConfig (Cai et al., arXiv:2203.02549) as initializers. No code of the authors exists; channel-graph.ts and the files beside it say what is ours.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createPlan, expectPlan, networkOf, WarmstartError, type Initializer, type Plan } from "@warmstart/init-core";
import { applyCrop, cropWeights, type CropWeightsOptions } from "./apply-crop.js";
import { channelGroups, type ChannelGroupsOptions } from "./channel-groups.js";
import type { ChannelGraph } from "./channel-graph.js";
import { cropReport } from "./crop-report.js";
import { planCrop, type CropWidths, type PlanCropOptions } from "./plan-crop.js";

export interface PreCropOptions extends Omit<PlanCropOptions, "maxExpand">, ChannelGroupsOptions, CropWeightsOptions {
  /** What to do about layers whose channels cannot change (reshapes, recurrent and custom layers): leave the channels around them as they are (default), or refuse the model. */
  readonly onUnsupported?: "freeze" | "throw";
}

export interface PreConfigOptions extends Omit<PlanCropOptions, "maxExpand" | "budget">, ChannelGroupsOptions {
  /** Default: the original's parameters and multiply-adds, `{ params: 1, flops: 1 }`. */
  readonly budget?: PlanCropOptions["budget"];
  /** A group grows at most to this many times its width. Default 2. */
  readonly maxExpand?: number;
  readonly onUnsupported?: "freeze" | "throw";
}

export type CropDetails = CropWidths & { readonly weights: "reinit" | "slice"; readonly seed: number };
export type CropPlan = Plan<CropDetails>;
export type CropInitializer = Initializer<LayersModel, CropPlan, LayersModel>;

/**
 * Fewer channels before training: the widths that keep the most of the expected sum over paths within a budget of parameters,
 * multiply-adds, or both, in a new model of ordinary dense layers. Needs no data and no weights.
 *
 * @returns an initializer whose result is a new, uncompiled model of the same layers, inputs and outputs; the caller disposes it.
 * @throws {WarmstartError} (when it plans) INVALID_OPTION, NO_MATCH, SHAPE_MISMATCH of `planCrop` and `channelGroups`; MODEL_STATE with
 *   `onUnsupported: "throw"`, every layer named. The model is left as it was.
 *
 * @see PreCrop, arXiv:2203.02549. The objective is the paper's; widths of coupled layers, rounding and the mapping of densities are derived here.
 *
 * @example
 * const { result: small, report } = await initialize(model, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
 */
export const preCrop = (options: PreCropOptions): CropInitializer => cropInitializer("preCrop", options);

/**
 * Other widths at the same cost: some layers grow, up to `maxExpand` times, others shrink. Weights are always drawn anew.
 *
 * @returns an initializer as `preCrop`.
 * @throws {WarmstartError} as `preCrop`.
 *
 * @see PreConfig in arXiv:2203.02549.
 *
 * @example
 * const { result } = await initialize(model, preConfig({ budget: { params: 0.8, flops: 1 } }));
 */
export const preConfig = (options: PreConfigOptions = {}): CropInitializer => cropInitializer("preConfig", { budget: { params: 1, flops: 1 }, maxExpand: 2, ...options });

function cropInitializer(name: string, options: PreCropOptions & { readonly maxExpand?: number }): CropInitializer {
  return {
    name,
    plan: async (model, { seed = 0, signal, onProgress } = {}) => {
      signal?.throwIfAborted();
      const graph = channelGroups(model, options);
      if (options.onUnsupported === "throw") refuseUnsupported(graph, name);
      const widths = planCrop(graph, options, name);
      onProgress?.({ stage: `${name}: widths`, done: 1, total: 2 });
      signal?.throwIfAborted();
      const { weights = "reinit" } = options;
      // Nothing changes: the weights stay what they are, too.
      const tensors = cropWeights(model, graph, widths, widths.cropped ? { ...options, seed } : { weights: "slice", rescale: false });
      onProgress?.({ stage: `${name}: weights`, done: 2, total: 2 });
      const report = cropReport(name, graph, widths, { mode: options.mode ?? "coupled", weights, seed });
      const targets = networkOf(model).parameters.map(({ path, shape }, position) => ({ path, shape, position }));
      return createPlan<CropDetails>({ method: name, details: { ...widths, weights, seed }, targets, tensors, report });
    },
    apply: (model, plan) => {
      const { details, tensors } = expectPlan<CropDetails>(plan, name, name);
      return applyCrop(model, details, { ...options, values: tensors });
    },
  };
}

function refuseUnsupported({ unsupported }: ChannelGraph, caller: string): void {
  if (unsupported.length === 0) return;
  throw new WarmstartError("MODEL_STATE", `${caller}: the channels of these layers cannot change: ${unsupported.map(({ path, className, reason }) => `"${path}" (${className}): ${reason}`).join("; ")}. Leave onUnsupported away to keep the channels around them.`, { unsupported });
}

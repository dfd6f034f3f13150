import { WarmstartError } from "@warmstart/init-core";
import { axisWidth } from "./channel-axis.js";
import type { ChannelGraph } from "./channel-graph.js";
import { costAt, costModel, layerDensities, type CostModel } from "./cost-terms.js";
import { budgetUse, coupledScales, scaledBudget, type ScaledBudget } from "./coupled-scales.js";
import { leastSquaresScales, squareRootScales } from "./map-densities.js";
import { roundWidths } from "./round-widths.js";
import { absoluteBudget, synExpDensities, type CropBudget } from "./synexp-densities.js";

export interface PlanCropOptions {
  /** What the smaller model may cost, kernels only: a share of the original (at most 1) or an absolute number. Optional beside `densities` alone. */
  readonly budget?: CropBudget;
  /** `coupled` (default) solves for widths directly; `layerwise` follows densities of layers. */
  readonly mode?: "coupled" | "layerwise";
  /** By layer path, for `layerwise`: kept share of the kernel weights. Layers that are not named, and all without this option, get those of `synExpDensities`. */
  readonly densities?: Readonly<Record<string, number>>;
  /** How densities become widths: bounded least squares in logarithms (default), or the square root of each producer's density. */
  readonly mapping?: "lsq" | "sqrt";
  /** Widths are multiples of it. Default 1; 8 suits GPUs. */
  readonly roundTo?: number;
  /** Default 1. Groups that have fewer stay as they are. */
  readonly minChannels?: number;
  /** Largest growth of a group, for PreConfig. Default 1: groups only shrink. */
  readonly maxExpand?: number;
}

/** Widths as numbers: what `applyCrop` needs, and the figures of the report. JSON. */
export interface CropWidths {
  readonly groups: readonly { readonly id: string; readonly layers: readonly string[]; readonly from: number; readonly to: number; readonly fixed?: string }[];
  /** Continuous optimum `s_g` by group, 1 for fixed ones; slots `n_g` in the objective. */
  readonly scales: readonly number[];
  readonly slots: readonly number[];
  /** `Σ n_g·log s_g` of the continuous and of the whole widths. */
  readonly objective: readonly [continuous: number, whole: number];
  /** In `layerwise` mode: scales before they were rescaled to the budget, the factor, and the sum of squares of `lsq`. */
  readonly mapped?: { readonly scales: readonly number[]; readonly factor: number; readonly fit?: number };
  /** By layer path, output channels before and after, for every layer with weights whose channels this describes. */
  readonly widths: Readonly<Record<string, readonly [from: number, to: number]>>;
  /** By layer path: kept share of the kernel weights, at the continuous and at the whole widths. */
  readonly densities: Readonly<Record<string, readonly [continuous: number, whole: number]>>;
  /** Kernels only, before and after. */
  readonly kernelParams: readonly [number, number];
  /** Multiply-adds for one example; null where the model leaves a size open (and no budget needs it). */
  readonly macs: readonly [number, number] | null;
  /** All weights. */
  readonly params: readonly [number, number];
  /** Cost ÷ budget, for each budget given. */
  readonly utilisation: { readonly params?: number; readonly flops?: number };
  /** The same of the continuous widths, parameters first, for the budgets given. */
  readonly continuousUse: readonly number[];
  /** False where the budget leaves the model as it is. */
  readonly cropped: boolean;
}

interface Limit {
  readonly kind: "params" | "macs";
  readonly limit: number;
}

/**
 * New widths for every channel group: pure numbers, the same on every backend.
 *
 * @throws {WarmstartError} INVALID_OPTION for options out of range and budgets that cannot be met; NO_MATCH when no group can change or a density names no layer; SHAPE_MISMATCH when `flops` are limited and a size is open.
 *
 * @see PreCrop, arXiv:2203.02549: the objective is the paper's; coupling of widths, rounding and mapping are ours.
 *
 * @example
 * planCrop(channelGroups(model), { budget: { flops: 0.5 }, roundTo: 8 }).widths;
 */
export function planCrop(graph: ChannelGraph, options: PlanCropOptions, caller = "planCrop"): CropWidths {
  const { mode = "coupled", roundTo = 1, minChannels = 1, maxExpand = 1 } = options;
  checkOptions(options, caller);
  const costs = costModel(graph);
  const fixed = graph.groups.map((group) => group.fixed !== undefined);
  if (fixed.every(Boolean)) throw new WarmstartError("NO_MATCH", noGroup(graph, caller), { unsupported: graph.unsupported });
  const upperWidths = graph.groups.map(({ width }, g) => (fixed[g] ? width : Math.max(maxExpand > 1 ? Math.floor((maxExpand * width) / roundTo) * roundTo : width, Math.min(width, minChannels))));
  const lowerWidths = graph.groups.map(({ width }, g) => (fixed[g] ? width : Math.min(minChannels, upperWidths[g]!)));
  const upper = upperWidths.map((width, g) => (maxExpand > 1 && !fixed[g] ? maxExpand : width / costs.widths[g]!));
  const lower = lowerWidths.map((width, g) => width / costs.widths[g]!);
  const limits = limitsOf(graph, costs, options, caller);
  const budgets = limits.map(({ kind, limit }) => scaledBudget(costs.terms, kind, costs.widths, limit));
  const { scales, mapped } = mode === "coupled" ? { scales: coupledScales({ slots: costs.slots, lower, upper, budgets }).scales, mapped: undefined } : followDensities(graph, costs, options, { upper, fixed, budgets }, caller);
  const target = scales.map((scale, g) => scale * costs.widths[g]!);
  const widths = roundWidths({ target, slots: costs.slots, terms: costs.terms, budgets: limits, lower: lowerWidths, upper: upperWidths, roundTo, improve: mode === "coupled" }, caller);
  return describe(graph, costs, { scales, widths, limits, mapped });
}

function checkOptions({ roundTo = 1, minChannels = 1, maxExpand = 1, densities, mode = "coupled" }: PlanCropOptions, caller: string): void {
  for (const [name, value] of Object.entries({ roundTo, minChannels })) {
    if (!(Number.isInteger(value) && value >= 1)) throw new WarmstartError("INVALID_OPTION", `${caller}: ${name} must be a whole number of at least 1, got ${value}.`, { option: name, received: value });
  }
  if (!(maxExpand >= 1 && maxExpand < Infinity)) throw new WarmstartError("INVALID_OPTION", `${caller}: maxExpand must be at least 1 and finite, got ${maxExpand}. 2 lets a layer double.`, { option: "maxExpand", received: maxExpand });
  if (densities !== undefined && mode === "coupled") throw new WarmstartError("INVALID_OPTION", `${caller}: densities are followed by mode "layerwise" only. Give mode: "layerwise".`, { option: "densities" });
}

function noGroup({ groups, unsupported }: ChannelGraph, caller: string): string {
  const reasons = [...unsupported.map(({ path, className, reason }) => `"${path}" (${className}): ${reason}`), ...new Set(groups.map(({ fixed }) => fixed!))];
  return `${caller}: no channels can change in this model. ${reasons.join("; ")}. It needs a convolution or dense layer whose output is no output of the model.`;
}

function limitsOf(graph: ChannelGraph, costs: CostModel, { budget = {}, densities, mode }: PlanCropOptions, caller: string): Limit[] {
  if (densities !== undefined && mode === "layerwise" && budget.params === undefined && budget.flops === undefined) return [];
  const whole = { params: costAt(costs.terms, "params", costs.widths), macs: costAt(costs.terms, "macs", costs.widths) };
  if (budget.flops !== undefined && Number.isNaN(whole.macs)) {
    throw new WarmstartError("SHAPE_MISMATCH", `${caller}: a budget in flops needs every size, and the model leaves some open. Give inputShape: [height, width, channels].`, { groups: graph.groups.length });
  }
  const { params, flops } = absoluteBudget(budget, whole.params, whole.macs, caller);
  return [...(params === undefined ? [] : [{ kind: "params", limit: params } as const]), ...(flops === undefined ? [] : [{ kind: "macs", limit: flops } as const])];
}

/** Scales by the densities of layers, then as large a common factor as the budget allows. */
function followDensities(graph: ChannelGraph, costs: CostModel, { densities = {}, mapping = "lsq", maxExpand = 1, budget = {} }: PlanCropOptions, bounds: { readonly upper: readonly number[]; readonly fixed: readonly boolean[]; readonly budgets: readonly ScaledBudget[] }, caller: string) {
  const layers = [...layerDensities(costs, costs.widths).keys()];
  for (const [path, density] of Object.entries(densities)) {
    if (!layers.includes(path)) throw new WarmstartError("NO_MATCH", `${caller}: densities name "${path}", which is no layer with a kernel. The model has: ${layers.join(", ")}.`, { path });
    if (!(density > 0 && density <= maxExpand ** 2)) throw new WarmstartError("INVALID_OPTION", `${caller}: the density of "${path}" must be above 0 and at most ${maxExpand ** 2}, got ${density}. A layer without weights cannot stay in the model.`, { path, density });
  }
  const costOf = (kind: "params" | "macs") => layers.map((layer) => costs.kernels.reduce((sum, kernel) => (kernel.layer === layer ? sum + costAt(kernel.terms, kind, costs.widths) : sum), 0));
  const missing = layers.some((layer) => !Object.hasOwn(densities, layer));
  const own = missing && bounds.budgets.length > 0 ? synExpDensities(costOf("params"), costOf("macs").map((macs) => (Number.isNaN(macs) ? 1 : macs)), budget, maxExpand).densities : layers.map(() => 1);
  const wanted = new Map(layers.map((layer, i) => [layer, densities[layer] ?? own[i]!]));
  const problem = { kernels: costs.kernels, density: (layer: string) => wanted.get(layer)!, upper: bounds.upper, fixed: bounds.fixed };
  const { scales, fit } = mapping === "lsq" ? leastSquaresScales(problem) : { scales: squareRootScales(problem), fit: undefined };
  const rescaled = (factor: number) => scales.map((scale, g) => (bounds.fixed[g] ? 1 : Math.min(bounds.upper[g]!, factor * scale)));
  const factor = bounds.budgets.length === 0 ? 1 : largestFactor((value) => bounds.budgets.every((limit) => budgetUse(limit, rescaled(value)) <= 1), Math.max(...scales.map((scale, g) => bounds.upper[g]! / scale)));
  return { scales: rescaled(factor), mapped: { scales, factor, ...(fit === undefined ? {} : { fit }) } };
}

function largestFactor(fits: (factor: number) => boolean, most: number): number {
  if (fits(most)) return most;
  let [low, high] = [0, most];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function describe(graph: ChannelGraph, costs: CostModel, { scales, widths, limits, mapped }: { readonly scales: readonly number[]; readonly widths: readonly number[]; readonly limits: readonly Limit[]; readonly mapped: CropWidths["mapped"] }): CropWidths {
  const continuous = layerDensities(costs, scales.map((scale, g) => scale * costs.widths[g]!));
  const whole = layerDensities(costs, widths);
  const objective = (at: readonly number[]) => at.reduce((sum, scale, g) => (costs.slots[g]! > 0 ? sum + costs.slots[g]! * Math.log(scale) : sum), 0);
  const cost = (kind: "params" | "macs", at: readonly number[]) => costAt(costs.terms, kind, at);
  const all = [...costs.terms, ...costs.otherTerms];
  const use = (kind: Limit["kind"]) => limits.flatMap((limit) => (limit.kind === kind ? [cost(kind, widths) / limit.limit] : []))[0];
  const [params, flops] = [use("params"), use("macs")];
  return {
    groups: graph.groups.map((group, g) => ({ id: group.id, layers: group.layers, from: group.width, to: widths[g]!, ...(group.fixed === undefined ? {} : { fixed: group.fixed }) })),
    scales,
    slots: costs.slots,
    objective: [objective(scales), objective(widths.map((width, g) => width / costs.widths[g]!))],
    ...(mapped === undefined ? {} : { mapped }),
    widths: Object.fromEntries(graph.layers.filter(({ weights }) => weights.some(({ kernel, axes }) => kernel && axes.length > 0)).map(({ path, output }) => [path, [axisWidth(output, costs.widths), axisWidth(output, widths)]])),
    densities: Object.fromEntries([...continuous].map(([path, density]) => [path, [density, whole.get(path)!]])),
    kernelParams: [cost("params", costs.widths), cost("params", widths)],
    macs: Number.isNaN(cost("macs", widths)) ? null : [cost("macs", costs.widths), cost("macs", widths)],
    params: [costAt(all, "params", costs.widths), costAt(all, "params", widths)],
    utilisation: { ...(params === undefined ? {} : { params }), ...(flops === undefined ? {} : { flops }) },
    continuousUse: limits.map(({ kind, limit }) => cost(kind, scales.map((scale, g) => scale * costs.widths[g]!)) / limit),
    cropped: widths.some((width, g) => width !== costs.widths[g]),
  };
}

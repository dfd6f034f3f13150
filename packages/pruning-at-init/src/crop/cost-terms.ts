// The costs of a model as sums of products of widths, and how often each group stands in the objective.
import { WarmstartError } from "@warmstart/init-core";
import { entriesPerChannel } from "./channel-axis.js";
import type { ChannelGraph, ChannelWeight } from "./channel-graph.js";

/** `params` and `macs` times the widths of the groups: none, one, or two that may be the same. */
export interface CostTerm {
  readonly params: number;
  readonly macs: number;
  readonly groups: readonly number[];
}

/** A kernel: its terms, and what share of its input and output side each group has (1 where the side is one group). */
export interface KernelTerms {
  readonly layer: string;
  readonly terms: readonly CostTerm[];
  readonly sides: readonly ReadonlyMap<number, number>[];
}

export interface CostModel {
  readonly widths: readonly number[];
  readonly kernels: readonly KernelTerms[];
  /** Everything that the budget counts. */
  readonly terms: readonly CostTerm[];
  /** Biases, norms, slopes: in the reported number of parameters alone. */
  readonly otherTerms: readonly CostTerm[];
  /** Slots of each group in the objective `Σ slots·log s`. */
  readonly slots: readonly number[];
}

/** Terms of one weight: the product over its axes with channels, each a sum over the groups on it. */
function termsOf({ shape, times, axes }: ChannelWeight): CostTerm[] {
  const rest = shape.reduce((size, length, axis) => (axes.some((other) => other.axis === axis) ? size : size * length), 1);
  const products = axes.reduce<{ factor: number; groups: number[] }[]>(
    (terms, { channels }) => terms.flatMap(({ factor, groups }) => [...entriesPerChannel(channels)].map(([group, entries]) => ({ factor: factor * entries, groups: [...groups, group] }))),
    [{ factor: rest, groups: [] }],
  );
  return products.map(({ factor, groups }) => ({ params: factor, macs: factor * times, groups }));
}

/** Share of each group in an axis, by number of entries. */
function shares(channels: ChannelWeight["axes"][number]["channels"], widths: readonly number[]): Map<number, number> {
  const entries = [...entriesPerChannel(channels)].map(([group, count]): [number, number] => [group, count * widths[group]!]);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return new Map(entries.map(([group, count]) => [group, count / total]));
}

/**
 * Costs by width. A kernel counts once for its input and once for its output side, a depthwise one once; a side that is a concatenation
 * counts by the shares of its segments, and a layer that is applied twice has its parameters once and its multiply-adds twice.
 */
export function costModel({ groups, layers }: ChannelGraph): CostModel {
  const widths = groups.map(({ width }) => width);
  const slots = widths.map(() => 0);
  const kernels: KernelTerms[] = [];
  const otherTerms: CostTerm[] = [];
  const constants: CostTerm[] = [];
  for (const { path, weights, otherMacs } of layers) {
    if (otherMacs !== 0) constants.push({ params: 0, macs: otherMacs, groups: [] });
    for (const weight of weights) {
      const terms = termsOf(weight);
      if (!weight.kernel) otherTerms.push(...terms);
      else if (weight.axes.length === 0) constants.push(...terms);
      else {
        const sides = weight.axes.map(({ channels }) => shares(channels, widths));
        for (const side of sides) for (const [group, share] of side) slots[group]! += share;
        kernels.push({ layer: path, terms, sides });
      }
    }
  }
  return { widths, kernels, terms: [...constants, ...kernels.flatMap(({ terms }) => terms)], otherTerms, slots };
}

/** The sum of the terms at these widths, exact for integers. */
export const costAt = (terms: readonly CostTerm[], kind: "params" | "macs", widths: readonly number[]): number => terms.reduce((sum, term) => sum + term.groups.reduce((product, group) => product * widths[group]!, term[kind]), 0);

/** Density of each layer with a kernel: the share of its kernel weights that is kept. */
export function layerDensities({ kernels, widths }: CostModel, at: readonly number[]): Map<string, number> {
  const kept = new Map<string, [before: number, after: number]>();
  for (const { layer, terms } of kernels) {
    const [before, after] = kept.get(layer) ?? [0, 0];
    kept.set(layer, [before + costAt(terms, "params", widths), after + costAt(terms, "params", at)]);
  }
  return new Map([...kept].map(([layer, [before, after]]) => [layer, after / before]));
}

/** What a choice of widths costs, and what it keeps. */
export interface WidthCost {
  /** Before and after, kernels only. */
  readonly kernelParams: readonly [number, number];
  /** Multiply-adds for one example, before and after; NaN where a size is open. */
  readonly macs: readonly [number, number];
  /** All weights: kernels, biases, four vectors a batch norm. */
  readonly params: readonly [number, number];
  /** By layer path: kept kernel weights ÷ kernel weights. */
  readonly layerDensities: Readonly<Record<string, number>>;
  /** The objective of PreCrop without constants: the sum of their logarithms. */
  readonly sumLogDensity: number;
}

/**
 * Costs and densities of a model with other widths.
 *
 * @param widths output channels by layer path, for layers that produce channels; groups of which no layer is named stay.
 * @throws {WarmstartError} NO_MATCH for a path that produces no channels; INVALID_OPTION for layers of one group with different widths.
 *
 * @example
 * widthCost(channelGroups(model), { conv2: 16 }).macs;   // [before, after]
 */
export function widthCost(graph: ChannelGraph, widths: Readonly<Record<string, number>>): WidthCost {
  const costs = costModel(graph);
  const at = groupWidths(graph, widths, "widthCost");
  const densities = layerDensities(costs, at);
  const pair = (terms: readonly CostTerm[], kind: "params" | "macs") => [costAt(terms, kind, costs.widths), costAt(terms, kind, at)] as const;
  return {
    kernelParams: pair(costs.terms, "params"),
    macs: pair(costs.terms, "macs"),
    params: pair([...costs.terms, ...costs.otherTerms], "params"),
    layerDensities: Object.fromEntries(densities),
    sumLogDensity: [...densities.values()].reduce((sum, density) => sum + Math.log(density), 0),
  };
}

/** Widths by group from widths by layer. */
export function groupWidths(graph: ChannelGraph, widths: Readonly<Record<string, number>>, caller: string): number[] {
  const at: (number | undefined)[] = graph.groups.map(() => undefined);
  for (const [path, width] of Object.entries(widths)) {
    const layer = graph.layers.find((other) => other.path === path);
    const segments = layer?.output.flatMap((block) => block.segments) ?? [];
    if (segments.length !== 1) throw new WarmstartError("NO_MATCH", `${caller}: there is no layer "${path}" that produces the channels of one group. Give widths by the path of a convolution or dense layer.`, { path });
    const { group, repeat } = segments[0]!;
    const channels = width / repeat;
    const other = at[group];
    if (!Number.isInteger(channels) || channels < 1 || (other !== undefined && other !== channels)) {
      throw new WarmstartError("INVALID_OPTION", `${caller}: "${path}" cannot have ${width} channels: ${other === undefined ? `they come in multiples of ${repeat}` : `its group "${graph.groups[group]!.id}" has ${other}`}. Give every layer of a group the same number.`, { path, width });
    }
    at[group] = channels;
  }
  return graph.groups.map(({ width }, group) => at[group] ?? width);
}

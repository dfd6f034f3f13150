// Masks made into a smaller dense network: channels that no weight leads to or from any more go. Ours; the published scores end with masks.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { createReport, disposeModel, networkOf, rewriteModel, type InitOptions, type LayerConfig, type Parameter, type Report } from "@warmstart/init-core";
import { axisWidth, entriesOf } from "../crop/channel-axis.js";
import type { ChannelGraph } from "../crop/channel-graph.js";
import { traceChannels, type ChannelGroupsOptions } from "../crop/channel-groups.js";
import { cropEdits } from "../crop/crop-edits.js";
import { costOf } from "../crop/crop-report.js";
import { slicedWeights } from "../crop/slice-weights.js";
import { applyMasks, type Pruned } from "../masks/pruned.js";
import { channelFlow, heldConstants, neededChannels, type ChannelFlow } from "./channel-flow.js";
import { foldedWeights, type Folded } from "./folded-weights.js";
import { hostWeights, type HostWeights } from "./host-weights.js";

export interface CompactOptions extends ChannelGroupsOptions, Pick<InitOptions, "signal"> {}

/** A group of channels before and after. */
export interface CompactedGroup {
  /** The layers that produce it, joined by commas. */
  readonly id: string;
  readonly from: number;
  readonly to: number;
  /** Why none of its channels could go. */
  readonly fixed?: string;
  /** Nothing needs this group; one channel stays, which nothing reads, since a layer has one at least. */
  readonly empty: boolean;
}

/** JSON. */
export interface CompactDetails {
  readonly groups: readonly CompactedGroup[];
  readonly params: { readonly before: number; readonly after: number };
  /** Multiply-adds for one sample; null where the model leaves a size open and no `inputShape` is given. */
  readonly macs: { readonly before: number | null; readonly after: number | null };
  /** Channels that were a number other than zero, and are part of biases now. */
  readonly folded: number;
  /** Share of the weights left in the kernels that masks do not hold at zero. */
  readonly density: number;
}

/** What `compact` gives. The caller disposes the model (`disposeModel`) and the masks. */
export interface Compacted {
  /** New and uncompiled. */
  readonly model: LayersModel;
  /** What is left of the masks, for the smaller model. */
  readonly pruned: Pruned;
  readonly details: CompactDetails;
  readonly report: Report;
}

const caller = "compact";

/**
 * Removes the channels that masks have cut off: those that no weight leads from any more, and those that are the same number
 * whatever the input, since no weight leads to them, and that number goes into the biases that follow. The outputs in inference stay
 * what they are. The model is left alone. SynFlow's masks cut off many
 * channels, random ones few.
 *
 * Channels that hang together (residual sums, depthwise convolutions) go where none of them is needed. A constant other than zero
 * stays where a padded convolution reads it, which makes it something else at the borders, and where a softmax or a layer norm
 * over channels does. Layers through which channels cannot be followed keep theirs, and the report names them.
 *
 * @param masks `pruned.masks` of a method of this package, of this model, whose masked weights are zero. Without: every zero of a kernel counts as masked.
 * @returns the smaller model, the masks of what is left, and what was done.
 * @throws {WarmstartError} NO_MATCH or SHAPE_MISMATCH for a mask that fits no weight; MODEL_STATE where a masked weight is not zero, for
 *   masks that have been disposed, or for a model that tfjs cannot build again; what `channelGroups` throws. Nothing stays allocated then.
 *
 * @example
 * const { result: pruned } = await initialize(model, synflow({ compression: 100 }));
 * const small = await compact(model, pruned.masks);
 * small.model.compile({ optimizer: small.pruned.keep(tf.train.adam()), loss: "categoricalCrossentropy" });
 */
export async function compact(model: LayersModel, masks?: Readonly<Record<string, Tensor>>, { signal, ...options }: CompactOptions = {}): Promise<Compacted> {
  signal?.throwIfAborted();
  const trace = traceChannels(model, options);
  const network = networkOf(model);
  const weights = await hostWeights(caller, network, masks);
  signal?.throwIfAborted();
  const flow = channelFlow(model, trace, weights);
  const needed = neededChannels(trace.graph, flow);
  const kept = needed.map((channels) => {
    const left = [...channels.keys()].filter((channel) => channels[channel] === 1);
    return left.length > 0 ? left : [0];
  });
  const folded = foldedWeights(flow, weights, needed);
  const small = smallerModel(model, trace.graph, kept, folded);
  let pruned: Pruned | undefined;
  try {
    pruned = smallerMasks(model, small, trace.graph, kept, weights, folded);
    const density = await densityOf(pruned);
    signal?.throwIfAborted();
    const details = detailsOf(trace.graph, needed, kept, { before: network.parameters, after: networkOf(small).parameters }, { folded: folded.count, density });
    return { model: small, pruned, details, report: reportOf(trace.graph, flow, needed, details) };
  } catch (error) {
    pruned?.dispose();
    disposeModel(small);
    throw error;
  }
}

const tensorOf = (shape: readonly number[], values: Float32Array | Uint8Array): Tensor => tf.tensor(Float32Array.from(values), [...shape], "float32");

function smallerModel(model: LayersModel, graph: ChannelGraph, kept: readonly (readonly number[])[], { weights, newBiases }: Folded): LayersModel {
  const from = graph.groups.map(({ width }) => width);
  const edits = cropEdits(graph, kept.map(({ length }) => length));
  const edit = (path: string, layer: LayerConfig): LayerConfig | undefined => {
    const edited = edits(path, layer);
    return edited !== undefined && newBiases.has(path) ? { ...edited, config: { ...edited.config, useBias: true } } : edited;
  };
  const values = slicedWeights(model, graph, kept, {
    rescale: false,
    source: ({ path, shape, variable }) => (weights.has(path) ? tensorOf(shape, weights.get(path)!.values) : variable),
  });
  try {
    for (const [path, shift] of newBiases) {
      const { output } = graph.layers.find((layer) => layer.path === path)!;
      values[`${path}/bias`] = tf.tensor1d(entriesOf(output, from, kept).map((entry) => shift[entry]!));
    }
    return rewriteModel(model, { edit, values });
  } finally {
    tf.dispose(values);
  }
}

function smallerMasks(model: LayersModel, small: LayersModel, graph: ChannelGraph, kept: readonly (readonly number[])[], weights: HostWeights, folded: Folded): Pruned {
  const source = ({ path, shape }: Parameter) => {
    const mask = (folded.weights.get(path) ?? weights.get(path)!).mask;
    return mask && tensorOf(shape, mask);
  };
  const masks = slicedWeights(model, graph, kept, { rescale: false, source });
  try {
    return applyMasks(caller, networkOf(small), masks);
  } finally {
    tf.dispose(masks);
  }
}

/** Share of ones in the masks; 1 without any. */
async function densityOf({ masks }: Pruned): Promise<number> {
  const all = Object.values(masks);
  if (all.length === 0) return 1;
  const ones = tf.tidy(() => tf.stack(all.map((mask) => tf.sum(mask))));
  const counts = await ones.data<"float32">();
  ones.dispose();
  return counts.reduce((a, b) => a + b, 0) / all.reduce((total, { size }) => total + size, 0);
}

const sizeOf = (parameters: readonly Parameter[]) => parameters.reduce((sum, { shape }) => sum + shape.reduce((all, size) => all * size, 1), 0);
const open = (macs: number) => (Number.isNaN(macs) ? null : macs);

function detailsOf(graph: ChannelGraph, needed: readonly Uint8Array[], kept: readonly (readonly number[])[], parameters: { readonly before: readonly Parameter[]; readonly after: readonly Parameter[] }, rest: Pick<CompactDetails, "folded" | "density">): CompactDetails {
  const macsAt = (widths: readonly number[]) => graph.layers.reduce((sum, layer) => sum + costOf(layer, widths).macs, 0);
  return {
    groups: graph.groups.map(({ id, width, fixed }, g) => ({ id, from: width, to: kept[g]!.length, ...(fixed === undefined ? {} : { fixed }), empty: !needed[g]!.includes(1) })),
    params: { before: sizeOf(parameters.before), after: sizeOf(parameters.after) },
    macs: { before: open(macsAt(graph.groups.map(({ width }) => width))), after: open(macsAt(kept.map(({ length }) => length))) },
    ...rest,
  };
}

function reportOf(graph: ChannelGraph, flow: ChannelFlow, needed: readonly Uint8Array[], { groups, params, macs, folded, density }: CompactDetails): Report {
  const [from, to] = [groups.map((group) => group.from), groups.map((group) => group.to)];
  const rows = graph.layers.filter(({ weights }) => weights.length > 0).map((layer) => {
    const [before, after] = [costOf(layer, from), costOf(layer, to)];
    return [layer.path, layer.className, axisWidth(layer.output, from), axisWidth(layer.output, to), before.params, after.params, open(before.macs), open(after.macs)];
  });
  const empty = groups.filter((group) => group.empty).map(({ id }) => id);
  const gone = from.reduce((sum, width, g) => sum + width - to[g]!, 0);
  return createReport({
    title: "Compacted",
    facts: { "channels removed": gone, "parameters before": params.before, "parameters after": params.after, "multiply-adds before": macs.before, "multiply-adds after": macs.after, "constants put into biases": folded, "density of what is left": density },
    tables: [
      { title: "Layers", columns: ["layer", "class", "channels before", "after", "parameters before", "after", "multiply-adds before", "after"], rows },
      { title: "Channel groups", columns: ["group", "channels before", "after", "fixed because"], rows: groups.map(({ id, from: before, to: after, fixed }) => [id === "" ? "(inputs)" : id, before, after, fixed ?? null]) },
    ],
    notes: [
      ...(gone === 0 ? ["No channel could go: the masks leave a way from the inputs to the outputs through each, or the layers named here hold them. Masks alone make nothing smaller."] : []),
      ...(empty.length > 0 ? [`Nothing is left of ${empty.join("; ")}: one channel stays, which nothing reads. removeBlocks takes a residual block out as a whole.`] : []),
      ...heldConstants(flow, needed).map(({ path, count }) => `Channels in front of "${path}" that stay though each is one number, not zero, for all inputs: ${count}. That layer pads, which makes something else of them at the borders, or is applied several times.`),
      ...graph.unsupported.map(({ path, className, reason }) => `"${path}" (${className}) keeps its channels: ${reason}.`),
      ...new Set(flow.locked.map(({ reason }) => `${reason}, so that these stay.`)),
    ],
  });
}

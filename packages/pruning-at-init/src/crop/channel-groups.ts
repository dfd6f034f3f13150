import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, layersOf, networkOf, WarmstartError, type LayerCall, type Parameter } from "@warmstart/init-core";
import { kernelUses } from "../cost/kernel-uses.js";
import { tensorShapes, type InputShape, type OpenShape } from "../cost/tensor-shapes.js";
import type { ChannelAxis } from "./channel-axis.js";
import { ChannelClasses } from "./channel-classes.js";
import type { ChannelGraph, ChannelGroup, ChannelLayer, ChannelWeight, UnsupportedLayer } from "./channel-graph.js";
import { channelRules, type RuleResult } from "./channel-rules.js";

export interface ChannelGroupsOptions {
  /** Sizes of the input without the batch, for models that leave some open and a budget in multiply-adds. */
  readonly inputShape?: InputShape;
  /** Layers whose number of channels stays: by path, last name or pattern. */
  readonly exclude?: readonly (string | RegExp)[];
}

/** A layer while the graph is walked. */
interface Draft {
  readonly path: string;
  readonly layer: layers.Layer;
  readonly input: ChannelAxis;
  readonly output: ChannelAxis;
  readonly weights: RuleResult["weights"];
  readonly supported: boolean;
  /** Uses an entry, by the weight's name. */
  readonly times: Map<string, number>;
  otherMacs: number;
}

/**
 * Which channels of a model belong together: all blocks of a residual stage, a depthwise convolution with what feeds it, the
 * segments of a concatenation each for itself, both sides of a squeeze-and-excite product. Reads the topology; no tensors are made.
 *
 * @throws {WarmstartError} MODEL_STATE when the model is not built; SHAPE_MISMATCH for an `inputShape` that does not fit; NO_MATCH when an entry of `exclude` matches no layer.
 *
 * @see PreCrop, arXiv:2203.02549, leaves this step open; the rules are this library's (like DepGraph's, on an explicit graph).
 */
export const channelGroups = (model: LayersModel, options: ChannelGroupsOptions = {}): ChannelGraph => traceChannels(model, options).graph;

/** The graph of channels, and the channels of every tensor by its name in `layerGraph`; those that an unsupported layer makes may be missing. */
export interface ChannelTrace {
  readonly graph: ChannelGraph;
  readonly tensors: ReadonlyMap<string, ChannelAxis>;
}

/** What `channelGroups` gives, and the channels of tensors. */
export function traceChannels(model: LayersModel, { inputShape, exclude = [] }: ChannelGroupsOptions = {}): ChannelTrace {
  const graph = layerGraph(model);
  const shapes = tensorShapes(model, graph, inputShape, "channelGroups");
  const classes = new ChannelClasses();
  const axes = new Map<string, ChannelAxis>(graph.inputs.map((name) => [name, classes.create(shapes.get(name)!.at(-1) ?? 0, { fixed: "model input" })]));
  const drafts = new Map<layers.Layer, Draft>();
  const unsupported: UnsupportedLayer[] = [];
  for (const call of graph.calls) {
    const inputs = call.inputs.map((name) => axes.get(name)!);
    const inputShapes = call.inputs.map((name) => shapes.get(name)!);
    const outputShapes = call.outputs.map((name) => shapes.get(name)!);
    const known = drafts.get(call.layer);
    if (known?.supported === true && (known.layer.weights.length > 0 || call.layer.getClassName() === "Reshape")) {
      // A shared layer with weights, or with a width in its configuration: the same channels at every call.
      classes.unify(known.input, inputs[0]!, `"${call.path}" is shared by channels that do not line up`);
      countUses(known, inputShapes, outputShapes[0]!);
      axes.set(call.outputs[0]!, known.output);
      continue;
    }
    const result = applyRule(call, classes, inputs, inputShapes, outputShapes[0]!);
    if (typeof result === "string") {
      if (known === undefined) unsupported.push({ path: call.path, className: call.layer.getClassName(), reason: result });
      const reason = `"${call.path}" (${call.layer.getClassName()}): ${result}`;
      for (const input of inputs) classes.fix(input, reason);
      for (const [i, name] of call.outputs.entries()) axes.set(name, classes.create(outputShapes[i]!.at(-1) ?? 0, { layer: call.path, fixed: reason }));
    } else axes.set(call.outputs[0]!, result.output);
    const draft = known ?? { path: call.path, layer: call.layer, input: inputs[0]!, output: axes.get(call.outputs[0]!)!, weights: typeof result === "string" ? undefined : result.weights, supported: typeof result !== "string", times: new Map<string, number>(), otherMacs: 0 };
    countUses(draft, inputShapes, outputShapes[0]!);
    drafts.set(call.layer, draft);
  }
  const nested = new Map<string, ChannelAxis>();
  for (const { path, tensor } of graph.nestedInputs) {
    const channels = axes.get(tensor)!;
    const first = nested.get(path);
    if (first === undefined) nested.set(path, channels);
    else classes.unify(first, channels, `the nested model's input "${path}" is fed by channels that do not line up`);
  }
  for (const name of graph.outputs) classes.fix(axes.get(name)!, "model output");
  excludeLayers([...drafts.values()], exclude, classes);
  return finish(model, drafts, classes, axes, [...nested].map(([path, channels]) => ({ path, channels })), unsupported);
}

function applyRule({ path, layer }: LayerCall, classes: ChannelClasses, inputs: readonly ChannelAxis[], inputShapes: readonly OpenShape[], outputShape: OpenShape): RuleResult | string {
  const rule = channelRules[layer.getClassName()];
  if (rule === undefined) return "not a layer whose channels can change";
  if (inputShapes.some((shape) => typeof shape.at(-1) !== "number")) return "reads a tensor whose last size is open";
  return rule({ path, layer, config: layer.getConfig(), classes, inputs, inputShapes, outputShape });
}

function countUses(draft: Draft, inputs: readonly OpenShape[], output: OpenShape): void {
  for (const { weight, size, times } of kernelUses(draft.layer, inputs, output) ?? []) {
    if (draft.supported) draft.times.set(weight, (draft.times.get(weight) ?? 0) + times);
    else draft.otherMacs += size * times;
  }
}

function excludeLayers(drafts: readonly Draft[], exclude: readonly (string | RegExp)[], classes: ChannelClasses): void {
  for (const pattern of exclude) {
    const matched = drafts.filter(({ path }) => (typeof pattern === "string" ? path === pattern || path.split("/").at(-1) === pattern : pattern.test(path)));
    if (matched.length === 0) {
      throw new WarmstartError("NO_MATCH", `channelGroups: no layer matches "${String(pattern)}" of exclude. The model has: ${drafts.map(({ path }) => path).join(", ")}.`, { pattern: String(pattern) });
    }
    for (const { output } of matched) classes.fix(output, "excluded");
  }
}

/** Drafts as data: groups numbered in the order of their first layer. */
function finish(model: LayersModel, drafts: ReadonlyMap<layers.Layer, Draft>, classes: ChannelClasses, axes: ReadonlyMap<string, ChannelAxis>, nestedInputs: ChannelGraph["nestedInputs"], unsupported: readonly UnsupportedLayer[]): ChannelTrace {
  const inModel = layersOf(model).flatMap(({ outer }) => drafts.get(outer) ?? []);
  const order = new Map(inModel.map(({ path }, i) => [path, i]));
  const { parameters } = networkOf(model);
  const roots = new Set([...inModel.flatMap(({ input, output }) => [input, output]), ...nestedInputs.map(({ channels }) => channels)].flatMap((axis) => classes.resolve(axis).flatMap(({ segments }) => segments.map(({ group }) => group))));
  const position = (root: number) => Math.min(...[...classes.run(root).layers].map((path) => order.get(path)!), Infinity);
  const sorted = [...roots].toSorted((a, b) => position(a) - position(b) || a - b);
  const number = new Map(sorted.map((root, i) => [root, i]));
  const numbered = (axis: ChannelAxis): ChannelAxis => classes.resolve(axis).map(({ tile, segments }) => ({ tile, segments: segments.map(({ group, repeat }) => ({ group: number.get(group)!, repeat })) }));
  const groups = sorted.map((root): ChannelGroup => {
    const { width, fixed, layers: made } = classes.run(root);
    const paths = [...made].toSorted((a, b) => order.get(a)! - order.get(b)!);
    return { id: paths.join(), layers: paths, width, ...(fixed === undefined ? {} : { fixed }) };
  });
  const weightOf = (draft: Draft, { path, shape, role }: Parameter): ChannelWeight => {
    const name = path.slice(draft.path.length + 1);
    const axes = (draft.weights?.[name] ?? []).map(([axis, channels]) => ({ axis: axis < 0 ? axis + shape.length : axis, channels: numbered(channels) }));
    return { name, shape, kernel: role.endsWith("kernel") || role === "embedding" || (role === "other" && !draft.supported && shape.length > 1), times: draft.times.get(name) ?? 0, axes };
  };
  const known = (axis: ChannelAxis) => classes.resolve(axis).every(({ segments }) => segments.every(({ group }) => number.has(group)));
  const graph: ChannelGraph = {
    groups,
    layers: inModel.map((draft): ChannelLayer => ({
      path: draft.path,
      className: draft.layer.getClassName(),
      weights: parameters.filter(({ path }) => path.startsWith(`${draft.path}/`)).map((parameter) => weightOf(draft, parameter)),
      otherMacs: draft.otherMacs,
      input: numbered(draft.input),
      output: numbered(draft.output),
    })),
    nestedInputs: nestedInputs.map(({ path, channels }) => ({ path, channels: numbered(channels) })),
    unsupported,
  };
  return { graph, tensors: new Map([...axes].flatMap(([name, axis]) => (known(axis) ? [[name, numbered(axis)] as const] : []))) };
}

// A masked model as channels that flow through it: what every call reads, what is constant, what the outputs need.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, type LayerCall } from "@warmstart/init-core";
import { channelsOf } from "../crop/channel-axis.js";
import type { ChannelTrace } from "../crop/channel-groups.js";
import { layerPaths } from "../layer-paths.js";
import { mixesChannels } from "./activation-value.js";
import { constantsOf, type Constants } from "./constant-channels.js";
import type { HostWeights } from "./host-weights.js";
import { mixingOf, type Mixing } from "./mixing.js";

type Channels = ReturnType<typeof channelsOf>;

/** One application of a kernel. */
interface Reader {
  readonly path: string;
  readonly mixing: Mixing;
  /** The group and channel of each entry that it reads, and that it makes. */
  readonly inputs: Channels;
  readonly outputs: Channels;
  readonly constants: Constants;
  /** Whether what a constant adds can be put into the bias: not at borders, nor where the layer is applied several times. */
  readonly foldable: boolean;
}

export interface ChannelFlow {
  /** In the order of execution. */
  readonly readers: readonly Reader[];
  /** Channels that must stay whatever is masked, with the reason: what takes all channels together. */
  readonly locked: readonly { readonly channels: Channels; readonly reason: string }[];
}

/** Reads the whole model once; pure. */
export function channelFlow(model: LayersModel, { graph, tensors }: ChannelTrace, weights: HostWeights): ChannelFlow {
  const widths = graph.groups.map(({ width }) => width);
  const { calls, inputs } = layerGraph(model);
  const paths = layerPaths(model);
  const unsupported = new Set(graph.unsupported.map(({ path }) => path));
  const uses = new Map<LayerCall["layer"], number>();
  for (const { layer } of calls) uses.set(layer, (uses.get(layer) ?? 0) + 1);
  const mixings = new Map<LayerCall["layer"], Mixing | undefined>();
  const constants = new Map<string, Constants>(inputs.map((name, i) => [name, new Float64Array(model.inputs[i]!.shape.at(-1) ?? 0).fill(NaN)]));
  const channels = (name: string): Channels => channelsOf(tensors.get(name) ?? [], widths);
  const readers: Reader[] = [];
  const locked: { channels: Channels; reason: string }[] = [];
  for (const call of calls) {
    const { layer } = call;
    const [path, className, config] = [paths.get(layer) ?? call.path, layer.getClassName(), layer.getConfig() as Record<string, unknown>];
    const supported = !unsupported.has(call.path);
    const weight = (name: string) => weights.get(`${path}/${name}`);
    if (!mixings.has(layer)) mixings.set(layer, supported ? mixingOf(className, config, weight) : undefined);
    const mixing = mixings.get(layer);
    const read = call.inputs.map((name) => constants.get(name)!);
    const [made, rank] = [call.outputs[0]!, call.inputShapes[0]!.length];
    if (mixing !== undefined) readers.push({ path, mixing, inputs: channels(call.inputs[0]!), outputs: channels(made), constants: read[0]!, foldable: !mixing.padded && uses.get(layer) === 1 });
    if (supported && takesAllTogether(className, config, rank)) locked.push({ channels: channels(made), reason: `"${path}" (${className}) takes all channels together` });
    constants.set(made, constantsOf({ call, config, inputs: read, mixing, weight }, supported));
    for (const [i, other] of call.outputs.slice(1).entries()) constants.set(other, new Float64Array(call.outputShapes[i + 1]!.at(-1) ?? 0).fill(NaN));
  }
  return { readers, locked };
}

/** Layers that give another value to one channel when another one goes, though that is zero. */
function takesAllTogether(className: string, { axis, activation }: Readonly<Record<string, unknown>>, rank: number): boolean {
  if (className === "Masking" || mixesChannels(activation)) return true;
  if (className !== "LayerNormalization" && className !== "Softmax") return false;
  return [axis as number | number[] | undefined].flat().some((each) => each === undefined || each === -1 || each === rank - 1);
}

/** Of every group, 1 for the channels that the outputs need: those that are fixed, and all that a weight leads from to one of these and that is not the same for all inputs. */
export function neededChannels({ groups }: ChannelTrace["graph"], { readers, locked }: ChannelFlow): Uint8Array[] {
  const needed = groups.map(({ width, fixed }) => new Uint8Array(width).fill(fixed === undefined ? 0 : 1));
  for (const { channels } of locked) for (const { group, channel } of channels) needed[group]![channel] = 1;
  const backwards = readers.toReversed();
  for (let changed = true; changed; ) {
    changed = false;
    for (const { mixing: { inputs: count, outputs: width, reads }, inputs, outputs, constants, foldable } of backwards) {
      for (let input = 0; input < count; input++) {
        const { group, channel } = inputs[input]!;
        const known = constants[input]!;
        if (needed[group]![channel] === 1 || known === 0 || (foldable && !Number.isNaN(known))) continue;
        for (let output = 0; output < width; output++) {
          const to = outputs[output]!;
          if (reads[input * width + output] === 0 || needed[to.group]![to.channel] === 0) continue;
          needed[group]![channel] = 1;
          changed = true;
          break;
        }
      }
    }
  }
  return needed;
}

/** How many constants other than zero each layer reads that cannot go into its bias: it pads, or is applied several times. */
export function heldConstants({ readers }: ChannelFlow, needed: readonly Uint8Array[]): { readonly path: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { path, mixing, inputs, constants, foldable } of readers) {
    if (foldable) continue;
    const held = inputs.filter(({ group, channel }, input) => needed[group]![channel] === 1 && constants[input] !== 0 && !Number.isNaN(constants[input]) && mixing.reads.subarray(input * mixing.outputs, (input + 1) * mixing.outputs).includes(1));
    if (held.length > 0) counts.set(path, Math.max(held.length, counts.get(path) ?? 0));
  }
  return [...counts].map(([path, count]) => ({ path, count }));
}

// networkOf(model): the Network of a LayersModel, read from public fields alone.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "../errors.js";
import { fansOf } from "../fans.js";
import type { ForwardOptions, Network, Parameter, Role, Site, SiteKind, Windows } from "../network.js";
import { layerGraph } from "./layer-graph.js";
import { countUses, inputList, runGraph } from "./run-graph.js";
import { layersOf, weightsOf, type Container, type Layer } from "./structure.js";

/** The kernel that reads the layer's input, and how, by class. Recurrent and wrapped layers other than TimeDistributed hide their input. */
const readers: Record<string, { kind: SiteKind; weight: string; role: Role }> = {
  Dense: { kind: "dense", weight: "kernel", role: "kernel" },
  Conv1D: { kind: "conv1d", weight: "kernel", role: "kernel" },
  Conv2D: { kind: "conv2d", weight: "kernel", role: "kernel" },
  DepthwiseConv2D: { kind: "depthwise-conv2d", weight: "depthwise_kernel", role: "depthwise-kernel" },
  SeparableConv2D: { kind: "depthwise-conv2d", weight: "depthwise_kernel", role: "depthwise-kernel" },
  Embedding: { kind: "embedding", weight: "embeddings", role: "embedding" },
  Conv2DTranspose: { kind: "other", weight: "kernel", role: "kernel" },
  Conv3D: { kind: "other", weight: "kernel", role: "kernel" },
};

const roles: readonly [RegExp, Role][] = [
  [/recurrent_kernel$/, "recurrent-kernel"],
  [/depthwise_kernel$/, "depthwise-kernel"],
  [/pointwise_kernel$/, "pointwise-kernel"],
  [/kernel$/, "kernel"],
  [/embeddings$/, "embedding"],
  [/bias$/, "bias"],
  [/gamma$/, "scale"],
  [/beta$/, "shift"],
  [/moving_(mean|variance)$/, "statistic"],
];

const roleOf = (name: string): Role => roles.find(([pattern]) => pattern.test(name))?.[1] ?? "other";

/** A convolution's strides, padding and dilation, by its configuration. */
function windowsOf(layer: Layer): Windows {
  const { strides, padding, dilationRate, dataFormat } = layer.getConfig() as { strides?: number | number[]; padding?: Windows["padding"]; dilationRate?: number | number[]; dataFormat?: string };
  const list = (value: number | number[] | undefined) => [value ?? 1].flat();
  return { strides: list(strides), padding: padding ?? "valid", dilations: list(dilationRate), channelsFirst: dataFormat === "channelsFirst" };
}

/** Layer classes of other packages (adapters) that read their input as a stock layer does. */
export function registerReader(className: string, like: "Dense" | "Conv2D" | "Embedding"): void {
  readers[className] = readers[like]!;
}

/**
 * The network of a model: sequential, functional, nested, shared layers, several inputs and outputs, TimeDistributed.
 * Its variables are the model's own. Inside Bidirectional, recurrent cells and custom layers inputs are not visible: their
 * parameters are listed, without a site.
 *
 * @throws {WarmstartError} MODEL_STATE when the model is not built.
 *
 * @example
 * const network = networkOf(model);
 * network.parameters.map(({ path }) => path);   // "encoder/fc1/kernel", …
 */
export function networkOf(model: LayersModel): Network {
  if ((model.outputs?.length ?? 0) === 0) {
    throw new WarmstartError("MODEL_STATE", `networkOf: the model "${model.name}" has no graph yet. Give its first layer an inputShape, or build it with tf.model({ inputs, outputs }).`);
  }
  const root = model as unknown as Container;
  const parameters: Parameter[] = [];
  const sites: Site[] = [];
  const siteOf = new Map<Layer, Site>();
  const feeds = inputsByLayer(model);
  for (const { path, layer, outer } of layersOf(model)) {
    const reader = readers[layer.getClassName()];
    for (const { name, variable, trainable } of weightsOf(layer)) {
      const role = roleOf(name);
      const parameter: Parameter = { path: `${path}/${name}`, layer: path, role, shape: variable.shape, fans: fansOf(role, variable.shape, layer.getClassName()), variable, trainable: trainable && layer.trainable };
      parameters.push(parameter);
      if (reader?.weight === name) {
        const site: Site = { path: parameter.path, layer: path, kind: reader.kind, kernel: parameter, input: (feeds.get(outer) ?? []).join("+"), ...(reader.kind.startsWith("conv") || reader.kind === "depthwise-conv2d" ? { windows: windowsOf(layer) } : {}) };
        sites.push(site);
        siteOf.set(outer, site);
      }
    }
  }
  const uses = countUses(root);
  return { parameters, sites, forward: (inputs, options) => forward(root, siteOf, uses, inputs, options) };
}

function forward(root: Container, siteOf: ReadonlyMap<Layer, Site>, uses: ReadonlyMap<Layer, number>, inputs: Tensor | Tensor[], { training = false, onInput, until }: ForwardOptions = {}): Tensor | Tensor[] {
  const list = inputList(inputs);
  if (list.length !== root.inputs.length) {
    throw new WarmstartError("SHAPE_MISMATCH", `forward: the model takes ${root.inputs.length} input(s), ${list.length} given. Pass an array with one tensor an input.`, { expected: root.inputs.length, received: list.length });
  }
  for (const [i, { shape }] of root.inputs.entries()) {
    const received = list[i]!.shape;
    if (shape.length !== received.length || shape.some((size, axis) => size !== null && size !== received[axis])) {
      throw new WarmstartError("SHAPE_MISMATCH", `forward: input ${i} must have shape [${shape.map((size) => size ?? "any")}], got [${received}]. Check how batches are made.`, { input: i, expected: shape, received });
    }
  }
  const waiting = new Map<Site, number>();
  if (until !== undefined) for (const [layer, site] of siteOf) if (until.includes(site)) waiting.set(site, uses.get(layer) ?? 0);
  const outputs = tf.tidy(() => {
    const result = runGraph(root, list, {
      kwargs: { training },
      finished: () => until !== undefined && waiting.size === 0,
      before: (layer, ins) => {
        const site = siteOf.get(layer);
        if (site === undefined) return ins;
        const left = waiting.get(site);
        if (left !== undefined) {
          if (left <= 1) waiting.delete(site);
          else waiting.set(site, left - 1);
        }
        const replaced = onInput?.(site, ins[0]!);
        return replaced instanceof tf.Tensor ? [replaced, ...ins.slice(1)] : ins;
      },
    });
    return result ?? [];
  });
  return outputs.length === 1 ? outputs[0]! : outputs;
}

/** By which tensors each layer is fed, through the borders of nested models. */
function inputsByLayer(model: LayersModel): Map<Layer, string[]> {
  const feeds = new Map<Layer, string[]>();
  for (const { layer, inputs } of layerGraph(model).calls) feeds.set(layer, [...(feeds.get(layer) ?? []), inputs[0]!]);
  return feeds;
}

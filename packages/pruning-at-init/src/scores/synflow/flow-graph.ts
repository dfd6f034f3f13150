// A LayersModel as SynFlow runs it: linear, never negative, and scaled where all of it passes through one tensor.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, WarmstartError, type LayerCall, type Network, type Parameter } from "@warmstart/init-core";
import { layerPaths } from "../../layer-paths.js";
import { linearPart, type Linear, type LinearOptions } from "./linear-layers.js";

export interface FlowOptions extends LinearOptions {
  /** Biases as zero, or their absolute values. */
  readonly bias: "zero" | "abs";
  /** Sizes of the inputs without the batch, where the model leaves some open. */
  readonly inputShape?: readonly number[] | readonly (readonly number[])[];
}

interface Step {
  readonly call: LayerCall;
  readonly linear: Linear;
  /** Whether all ways from inputs to outputs pass through this output. */
  readonly cut: boolean;
}

export interface FlowGraph {
  /** Kernels that the flow passes through; those of gates it does not. */
  readonly reaches: (parameter: Parameter) => boolean;
  /** R', of a scaled flow. Puts its scales, kept, into `scales`, which comes empty: their product times R' is R. The caller frees them. */
  readonly run: (kernels: Readonly<Record<string, Tensor>>, scales: Tensor[]) => Scalar;
  /** Calls `gradients` with the tensors by which to differentiate a run with these kernels, in their order. */
  readonly differentiate: <T>(kernels: Readonly<Record<string, Tensor>>, gradients: (by: Tensor[]) => T) => T;
  /** Throws where the flow turns out not to be linear; of networks whose graph is not visible. */
  readonly check?: (kernels: Readonly<Record<string, Tensor>>) => Promise<void>;
}

/** A scale takes some operations, and float32 has room for this many layers that each make the flow, or its gradient, a billion times larger or smaller. */
const layersAScale = 4;
/** A normal float32, so that no backend takes it for zero. */
const smallest = 1.2e-38;

/** The flow of a model. @throws MODEL_STATE naming a layer that cannot be made linear; INVALID_OPTION for open input sizes. */
export function flowGraph(model: LayersModel, network: Network, options: FlowOptions): FlowGraph {
  const { calls, inputs, outputs } = layerGraph(model);
  const steps = withCuts(calls, inputs, outputs, options);
  const shapes = inputShapes(model, options.inputShape);
  const byLayer = new Map<string, Parameter[]>();
  for (const parameter of network.parameters) byLayer.set(parameter.layer, [...(byLayer.get(parameter.layer) ?? []), parameter]);
  const paths = layerPaths(model);
  const reached = new Set([...reachedLayers(calls, outputs)].map((layer) => paths.get(layer)));
  return {
    reaches: ({ layer }) => reached.has(layer),
    differentiate: (kernels, gradients) => gradients(Object.values(kernels)),
    run: (kernels, scales) => {
      const values = new Map<string, Tensor>(inputs.map((name, i) => [name, tf.ones([1, ...shapes[i]!])]));
      let kernelsSince = 0;
      for (const { call, linear, cut } of steps) {
        const own = byLayer.get(paths.get(call.layer) ?? "") ?? [];
        const output = linear(call.inputs.map((name) => values.get(name)!), (short) => {
          const parameter = own.find(({ path }) => path.endsWith(`/${short}`));
          if (parameter === undefined) return undefined;
          if (short !== "bias") return kernels[parameter.path] ?? tf.abs(parameter.variable);
          if (options.bias === "zero") return undefined;
          return scales.reduce<Tensor>((bias, scale) => tf.div(bias, scale), tf.abs(parameter.variable)); // biases come in at the size of the flow
        });
        kernelsSince += own.length > 0 && output !== values.get(call.inputs[0]!) ? 1 : 0;
        if (cut && kernelsSince >= layersAScale) {
          const { value, scale } = scaled(output);
          scales.push(scale);
          values.set(call.outputs[0]!, value);
          kernelsSince = 0;
        } else values.set(call.outputs[0]!, output);
      }
      return outputs.map((name): Tensor => tf.sum(values.get(name)!)).reduce((sum, each) => tf.add(sum, each)) as Scalar;
    },
  };
}

/** `x` over its mean, which is a constant to differentiation; one of zero counts as the smallest number. The scale is kept. */
function scaled(x: Tensor): { value: Tensor; scale: Tensor } {
  let scale: Tensor | undefined;
  const value = tf.customGrad((at, save) => {
    scale = tf.keep(tf.maximum(tf.mean(at as Tensor), smallest));
    (save as (tensors: Tensor[]) => void)([scale]);
    return { value: tf.div(at as Tensor, scale), gradFunc: (dy: Tensor, [saved]: Tensor[]) => tf.div(dy, saved!) };
  })(x);
  return { value, scale: scale! };
}

function withCuts(calls: readonly LayerCall[], inputs: readonly string[], outputs: readonly string[], options: FlowOptions): Step[] {
  const readers = new Map<string, number>();
  for (const name of [...calls.flatMap((call) => call.inputs), ...outputs]) readers.set(name, (readers.get(name) ?? 0) + 1);
  const open = new Set(inputs.filter((name) => readers.has(name)));
  return calls.map((call) => {
    if (call.outputs.length !== 1) throw new WarmstartError("MODEL_STATE", `synflow: layer "${call.path}" (${call.layer.getClassName()}) has ${call.outputs.length} outputs, which no layer that can be made linear has.`, { layer: call.path });
    for (const name of call.inputs) {
      readers.set(name, readers.get(name)! - 1);
      if (readers.get(name) === 0) open.delete(name);
    }
    for (const name of call.outputs) if (readers.has(name)) open.add(name);
    return { call, linear: linearPart(call.path, call.layer, options), cut: open.size === 1 && open.has(call.outputs[0]!) };
  });
}

/** Layers that an output depends on, gates left out. */
function reachedLayers(calls: readonly LayerCall[], outputs: readonly string[]): Set<LayerCall["layer"]> {
  const needed = new Set(outputs);
  const reached = new Set<LayerCall["layer"]>();
  for (const { layer, inputs, outputs: made, inputShapes: shapes } of calls.toReversed()) {
    if (!made.some((name) => needed.has(name))) continue;
    reached.add(layer);
    const sizes = shapes.map((shape) => shape.slice(1).reduce<number>((all, size) => all * (size ?? 1e6), 1)); // an open size is taken for a large one
    const gates = layer.getClassName() === "Multiply" ? Math.max(...sizes) : 0;
    for (const [i, name] of inputs.entries()) if (sizes[i]! >= gates) needed.add(name);
  }
  return reached;
}

function inputShapes(model: LayersModel, given: FlowOptions["inputShape"]): readonly (readonly number[])[] {
  const list = given === undefined ? [] : typeof given[0] === "number" ? [given as readonly number[]] : (given as readonly (readonly number[])[]);
  return model.inputs.map(({ shape }, i) => {
    const sizes = list[i] ?? shape.slice(1);
    if (sizes.some((size) => size === null)) throw new WarmstartError("INVALID_OPTION", `synflow: input ${i} has the open shape [${shape.map((size) => size ?? "any")}]. Give \`inputShape\`, without the batch: [32, 32, 3].`, { input: i, shape });
    return sizes as readonly number[];
  });
}

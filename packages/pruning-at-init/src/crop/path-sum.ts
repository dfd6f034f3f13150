// The number that PreCrop maximises, in full: SynFlow's sum over paths, in expectation over weights and masks.
import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, WarmstartError, type LayerCall } from "@warmstart/init-core";
import { channelGroups } from "./channel-groups.js";
import { costModel, groupWidths, layerDensities } from "./cost-terms.js";

/** How many kernel taps, along one axis, lead from ones at the input to each output position. */
type Taps = readonly number[];

interface Windows {
  readonly size: number;
  readonly stride: number;
  readonly dilation: number;
  readonly same: boolean;
}

function slide(values: Taps, { size, stride, dilation, same }: Windows, combine: (window: number[]) => number): number[] {
  const span = (size - 1) * dilation + 1;
  const length = same ? Math.ceil(values.length / stride) : Math.floor((values.length - span) / stride) + 1;
  const before = same ? Math.floor(Math.max((length - 1) * stride + span - values.length, 0) / 2) : 0;
  return Array.from({ length }, (_, i) => combine(Array.from({ length: size }, (_, k) => values[i * stride - before + k * dilation]).filter((value) => value !== undefined)));
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

/** `log10 E|w|` of a kernel of He's normal law. */
const heMean = (fanIn: number) => 0.5 * Math.log10(2 / fanIn) + 0.5 * Math.log10(2 / Math.PI);

const passing = new Set(["Activation", "ReLU", "BatchNormalization", "Dropout", "SpatialDropout1D"]);

/**
 * `log10` of the expected SynFlow objective of a chain: the sum over all paths from a one at every input to the outputs, a weight's
 * absolute value replaced by `density · E|w|` with `w ~ N(0, 2 / fanIn)` of the original shapes. Batch norm counts as the identity.
 *
 * @param widths output channels by layer path, as for `widthCost`; default: the model as it is.
 * @throws {WarmstartError} MODEL_STATE for models that branch, or have other layers than convolutions, dense layers, pooling, flattening and activations.
 */
export function log10ExpectedPathSum(model: LayersModel, widths: Readonly<Record<string, number>> = {}): number {
  const graph = channelGroups(model);
  const costs = costModel(graph);
  const densities = layerDensities(costs, groupWidths(graph, widths, "log10ExpectedPathSum"));
  let result = 0;
  let axes: Taps[] | undefined;
  let last: string | undefined;
  for (const call of layerGraph(model).calls) {
    if (call.inputs.length !== 1 || (last !== undefined && call.inputs[0] !== last)) throw refusal(call);
    last = call.outputs[0]!;
    const shape = call.inputShapes[0]!;
    axes ??= shape.slice(1, -1).map((size) => Array.from({ length: size! }, () => 1));
    const density = densities.get(call.path);
    const step = stepOf(call, axes);
    axes = step.axes;
    result += step.log10 + (density === undefined ? 0 : Math.log10(density));
  }
  const channels = model.inputs[0]!.shape.at(-1)!;
  return result + Math.log10(channels) + sum((axes ?? []).map((taps) => Math.log10(sum(taps))));
}

function stepOf(call: LayerCall, axes: Taps[]): { readonly axes: Taps[]; readonly log10: number } {
  const name = call.layer.getClassName();
  const config = call.layer.getConfig() as { strides?: number | number[]; dilationRate?: number | number[]; padding?: string; poolSize?: number | number[] };
  const at = (value: number | number[] | undefined, axis: number) => (Array.isArray(value) ? value[axis]! : (value ?? 1));
  const windows = (size: number, axis: number): Windows => ({ size, stride: at(config.strides, axis), dilation: at(config.dilationRate, axis), same: config.padding === "same" });
  if (name === "Dense" || name === "Conv1D" || name === "Conv2D" || name === "Conv3D") {
    const shape = kernelShape(call.layer);
    const fanIn = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    // Every input channel carries the same; a path leaves by any output channel.
    return { axes: axes.map((taps, axis) => (name === "Dense" ? taps : slide(taps, windows(shape[axis]!, axis), sum))), log10: heMean(fanIn) + Math.log10(shape.at(-1)!) };
  }
  if (/^(Max|Average)Pooling/.test(name)) return { axes: axes.map((taps, axis) => slide(taps, windows(at(config.poolSize, axis), axis), name.startsWith("Max") ? (window) => Math.max(...window) : mean)), log10: 0 };
  if (/^Global(Max|Average)Pooling/.test(name)) return { axes: [], log10: sum(axes.map((taps) => Math.log10(name.includes("Max") ? Math.max(...taps) : mean(taps)))) };
  if (name === "Flatten") return { axes: [], log10: sum(axes.map((taps) => Math.log10(sum(taps)))) };
  if (passing.has(name)) return { axes, log10: 0 };
  throw refusal(call);
}

const kernelShape = (layer: layers.Layer): readonly number[] => layer.weights.find(({ originalName }) => originalName.endsWith("kernel"))!.shape as number[];

function refusal({ path, layer }: LayerCall): WarmstartError {
  return new WarmstartError("MODEL_STATE", `log10ExpectedPathSum: paths are counted through chains of convolutions, dense layers, pooling and activations, and "${path}" (${layer.getClassName()}) does not continue one. Compare sumLogDensity of widthCost instead: it differs by a constant.`, { layer: path });
}

// What cropping did, layer by layer.
import { createReport, type Report } from "@warmstart/init-core";
import { axisWidth } from "./channel-axis.js";
import type { ChannelGraph, ChannelLayer } from "./channel-graph.js";

import type { CropWidths } from "./plan-crop.js";

const product = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

/** Parameters and multiply-adds of one layer at these widths. */
export function costOf(layer: ChannelLayer, widths: readonly number[]): { params: number; macs: number } {
  let [params, macs] = [0, layer.otherMacs];
  for (const { shape, times, axes } of layer.weights) {
    const size = product(shape.map((length, axis) => (axes.some((other) => other.axis === axis) ? axisWidth(axes.find((other) => other.axis === axis)!.channels, widths) : length)));
    params += size;
    macs += size * times;
  }
  return { params, macs };
}

/** Tables of layers and groups before and after, with the reasons of what stayed. */
export function cropReport(method: string, graph: ChannelGraph, plan: CropWidths, facts: Readonly<Record<string, string | number>>): Report {
  const [from, to] = [plan.groups.map((group) => group.from), plan.groups.map((group) => group.to)];
  const open = (macs: number) => (Number.isNaN(macs) ? null : macs);
  const layers = graph.layers.filter(({ weights }) => weights.length > 0);
  const rows = layers.map((layer) => {
    const [before, after] = [costOf(layer, from), costOf(layer, to)];
    return [layer.path, layer.className, axisWidth(layer.output, from), axisWidth(layer.output, to), before.params, after.params, open(before.macs), open(after.macs), plan.densities[layer.path]?.[1] ?? null];
  });
  const biases = plan.params.map((all, i) => all - plan.kernelParams[i as 0 | 1]);
  const narrow = layers.filter(({ output, className, weights }) => className.startsWith("Conv") && weights[0]!.shape[0]! > 1 && axisWidth(output, to) === 1 && axisWidth(output, from) > 1).map(({ path }) => path);
  return createReport({
    title: `Channels chosen by ${method}`,
    facts: {
      method,
      ...facts,
      "parameters before": plan.params[0],
      "parameters after": plan.params[1],
      "of these biases and norms": `${biases[0]} → ${biases[1]}`,
      "kernel parameters kept": plan.kernelParams[1] / plan.kernelParams[0],
      "multiply-adds before": plan.macs?.[0] ?? null,
      "multiply-adds after": plan.macs?.[1] ?? null,
      "multiply-adds kept": plan.macs === null ? null : plan.macs[1] / plan.macs[0],
      ...(plan.utilisation.params === undefined ? {} : { "used of the params budget": plan.utilisation.params }),
      ...(plan.utilisation.flops === undefined ? {} : { "used of the flops budget": plan.utilisation.flops }),
      cropped: plan.cropped,
    },
    tables: [
      { title: "Layers", columns: ["layer", "class", "channels before", "after", "parameters before", "after", "multiply-adds before", "after", "density"], rows },
      { title: "Channel groups", columns: ["group", "channels before", "after", "fixed because"], rows: plan.groups.map(({ id, from: before, to: after, fixed }) => [id === "" ? "(inputs)" : id, before, after, fixed ?? null]) },
    ],
    notes: [
      ...graph.unsupported.map(({ path, className, reason }) => `"${path}" (${className}) keeps its channels: ${reason}.`),
      ...(narrow.length > 0 ? [`One channel is left in ${narrow.map((path) => `"${path}"`).join(", ")}; set minChannels to keep more.`] : []),
      "Multiply-adds are no time: thin layers may run hardly faster. Measure, and try roundTo: 8.",
    ],
  });
}

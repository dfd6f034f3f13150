// What a plan changes in a model's configuration: numbers of filters and units, and the sizes that are stated where they could be inferred.
import type { LayerConfig } from "@warmstart/init-core";
import { axisWidth } from "./channel-axis.js";
import type { ChannelGraph } from "./channel-graph.js";

/** By layer path, for `rewriteModel`. */
export function cropEdits(graph: ChannelGraph, widths: readonly number[]): (path: string, layer: LayerConfig) => LayerConfig | undefined {
  const layers = new Map(graph.layers.map((layer) => [layer.path, layer]));
  const nested = new Map(graph.nestedInputs.map(({ path, channels }) => [path, channels]));
  const withLast = (shape: unknown, size: number) => (Array.isArray(shape) ? [...(shape as unknown[]).slice(0, -1), size] : shape);
  return (path, { className, config }) => {
    const edited = { ...config };
    const feed = nested.get(path);
    const layer = layers.get(path);
    if (feed !== undefined) edited.batchInputShape = withLast(config.batchInputShape, axisWidth(feed, widths));
    else if (layer !== undefined && config.batchInputShape !== undefined) edited.batchInputShape = withLast(config.batchInputShape, axisWidth(layer.input, widths));
    if (layer !== undefined) {
      const output = axisWidth(layer.output, widths);
      if ("filters" in config && className !== "ConvLSTM2D") edited.filters = output;
      if (className === "Dense") edited.units = output;
      // -1 stands for the rest, and stays right.
      if (className === "Reshape" && (config.targetShape as number[]).at(-1) !== -1) edited.targetShape = withLast(config.targetShape, output);
    }
    return { className, config: edited };
  };
}

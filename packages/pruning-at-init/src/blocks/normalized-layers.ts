// Whether the loss is blind to the scale of a kernel, because batch normalization follows at once.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { LayerCall } from "@warmstart/init-core";
import { lastActivation } from "./activation-of.js";
import { indexGraph } from "./graph-index.js";

const linearLayers: readonly string[] = ["Dense", "Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Conv3D"];

/** Paths of the layers whose output goes to a batch normalization over their last axis, and nowhere else. Multiplying a kernel of theirs by any number then leaves the loss as it is, in training mode. */
export function normalizedLayers(model: LayersModel): Set<string> {
  const graph = indexGraph(model);
  const normalizes = ({ layer, outputShapes }: LayerCall) => {
    const { axis } = layer.getConfig() as { axis?: number };
    return layer.getClassName() === "BatchNormalization" && [-1, outputShapes[0]!.length - 1].includes(axis ?? -1);
  };
  return new Set(graph.calls.filter((call) => {
    const readers = call.outputs.flatMap(graph.readersOf);
    return linearLayers.includes(call.layer.getClassName()) && (lastActivation(call) ?? "linear") === "linear" && graph.usesOf(call) === 1 && readers.length === 1 && normalizes(readers[0]!) && !call.outputs.some(graph.isOutput);
  }).map(({ path }) => path));
}

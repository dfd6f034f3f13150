import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph } from "@warmstart/init-core";

/** The path of the first batch normalization that a batch of this size gives one value a channel, whose variance is 0: nothing is left of the signal in training mode. */
export function thinNormalization(model: LayersModel, batch: number): string | undefined {
  const valuesOf = (shape: readonly (number | null)[]) => shape.slice(1, -1).reduce<number>((all, size) => all * (size ?? 2), batch); // an open size is taken for a large one
  return layerGraph(model).calls.find(({ layer, inputShapes }) => layer.getClassName() === "BatchNormalization" && valuesOf(inputShapes[0]!) < 2)?.path;
}

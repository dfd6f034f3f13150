import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf } from "@warmstart/init-core";

/**
 * The path of each layer as `networkOf` has it, by the layer that a graph calls (the TimeDistributed around a Dense). The graph alone does not
 * tell it: a Sequential that begins with a nested one calls the inner layers directly.
 */
export const layerPaths = (model: LayersModel): ReadonlyMap<layers.Layer, string> => new Map(layersOf(model).map(({ outer, path }) => [outer, path]));

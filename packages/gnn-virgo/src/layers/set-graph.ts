import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";
import type { GraphLayer } from "./graph-layer.js";

/** By what it has and not by instanceof, so that two copies of this package agree; undefined is a graph that is not yet set. */
const isGraphLayer = (layer: layers.Layer): layer is GraphLayer => "graph" in layer;

/**
 * Gives all graph layers of a model, those of nested models too, this graph: after loading, for a sampled neighbourhood, for a
 * batch of small graphs. The model's input must then have a row for each of its nodes. The graph stays the caller's, as does the
 * one before it.
 *
 * @throws {WarmstartError} NO_MATCH when the model has no graph layer.
 *
 * @example
 * registerLayers();
 * const model = await tf.loadLayersModel("file://model/model.json");
 * setGraph(model, graph);
 */
export function setGraph(model: LayersModel, graph: Graph): void {
  const found = layersOf(model).map(({ layer }) => layer).filter(isGraphLayer);
  if (found.length === 0) throw new WarmstartError("NO_MATCH", `setGraph: the model "${model.name}" has no graph layer. Make its layers with gcnConv, sageConv, gatConv or ginConv.`, { model: model.name });
  for (const layer of found) layer.graph = graph;
}

// What all layers of this package share: the graph beside the model, and what is said when it does not fit.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { layers, type Shape } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";
import type { LayerArgs } from "./keras-args.js";

/** A graph for the layer to begin with. */
export interface GraphArgs extends LayerArgs {
  /** The graph whose nodes are the rows of the input. Not saved with the model: `setGraph` gives another, also after loading. */
  readonly graph?: Graph;
}

/** A layer on the nodes of a graph, `"nodes in"` → `"nodes out"` or, pooled, `"graphs out"`. */
export abstract class GraphLayer extends layers.Layer {
  /** Read at every call; `setGraph(model, graph)` sets that of all layers of a model. */
  graph: Graph | undefined;

  constructor(args: GraphArgs) {
    super(args);
    this.graph = args.graph;
  }

  /** The output of the layer: inside a `tidy`, with a graph that fits. */
  protected abstract run(graph: Graph, x: Tensor2D, training: boolean): Tensor;

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const x = (Array.isArray(inputs) ? inputs[0] : inputs) as Tensor2D;
      return this.run(this.graphFor(x), x, kwargs?.training === true);
    });
  }

  protected graphFor(x: Tensor): Graph {
    const { graph, name } = this;
    const title = `${this.getClassName()} "${name}"`;
    if (graph === undefined) throw new WarmstartError("MODEL_STATE", `${title}: the layer has no graph. Call setGraph(model, graph) once the model is built or loaded, or pass \`graph\` to the layer.`, { layer: name });
    if (x.rank === 2 && x.shape[0] === graph.numNodes) return graph;
    throw new WarmstartError("SHAPE_MISMATCH", `${title}: the input must have one row for each of the ${graph.numNodes} nodes of the graph, got shape [${x.shape}]. Pass batchSize: ${graph.numNodes} to fit (with shuffle: false), predict and evaluate, which otherwise cut the nodes into batches of 32; for another graph call setGraph(model, graph).`, { layer: name, shape: x.shape, numNodes: graph.numNodes });
  }
}

/** The number of features of an input `"nodes features"`. */
export function featuresOf(layer: layers.Layer, inputShape: Shape | Shape[]): number {
  const shape = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
  const features = shape[1];
  if (shape.length === 2 && typeof features === "number") return features;
  throw new WarmstartError("SHAPE_MISMATCH", `${layer.getClassName()} "${layer.name}": the input must have shape [nodes, features] with a known number of features, got [${shape.map((size) => size ?? "*").join(", ")}]. Nodes are the batch axis: inputShape: [features].`, { layer: layer.name, shape });
}

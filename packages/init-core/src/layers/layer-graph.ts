// The graph of a LayersModel as data: which layer reads which tensor, nested models opened.
import type { layers, LayersModel } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "../errors.js";
import { executionOrder } from "./run-graph.js";
import { graphOf, isContainer, type Container } from "./structure.js";

/** One application of a layer. */
export interface LayerCall {
  /** container/layer: the same for every call of a shared layer. */
  readonly path: string;
  readonly layer: layers.Layer;
  /** Names of tensors, unique in the graph. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Of each input and output, batch first; null where the size is open. */
  readonly inputShapes: readonly (readonly (number | null)[])[];
  readonly outputShapes: readonly (readonly (number | null)[])[];
}

/** A model as calls of layers. */
export interface LayerGraph {
  /** In an order in which every input is there before it is read. */
  readonly calls: readonly LayerCall[];
  /** The tensors that the model is given and gives. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Which tensor an input of a nested model stands for, once a call: its shape is part of the nested model's configuration. */
  readonly nestedInputs: readonly { readonly path: string; readonly tensor: string }[];
}

/**
 * The graph of a model: sequential, functional, nested, with shared layers. Wrappers (TimeDistributed, Bidirectional) are one call.
 *
 * @throws {WarmstartError} MODEL_STATE when the model is not built.
 *
 * @example
 * const adds = layerGraph(model).calls.filter(({ layer }) => layer.getClassName() === "Add");
 */
export function layerGraph(model: LayersModel): LayerGraph {
  if ((model.outputs?.length ?? 0) === 0) {
    throw new WarmstartError("MODEL_STATE", `layerGraph: the model "${model.name}" has no graph yet. Give its first layer an inputShape, or build it with tf.model({ inputs, outputs }).`);
  }
  const root = model as unknown as Container;
  const calls: LayerCall[] = [];
  const nestedInputs: { path: string; tensor: string }[] = [];
  const visit = (container: Container, prefix: string, place: string, outside: readonly string[]): string[] => {
    const graph = graphOf(container);
    const source = new Map<string, string>(graph.inputs.map(({ name }, i) => [name, outside[i]!]));
    const uses = new Map<layers.Layer, number>();
    if (prefix !== "") nestedInputs.push(...graph.inputs.map(({ sourceLayer }, i) => ({ path: `${prefix}${sourceLayer.name}`, tensor: outside[i]! })));
    for (const symbolic of executionOrder(graph)) {
      if (source.has(symbolic.name)) continue; // a further output of a layer that was met
      const layer = symbolic.sourceLayer;
      const inputs = symbolic.inputs.map(({ name }) => source.get(name)!);
      const symbols = layer.inboundNodes[symbolic.nodeIndex]!.outputTensors;
      const use = uses.get(layer) ?? 0;
      uses.set(layer, use + 1);
      const here = `${place}${layer.name}#${use}`;
      const outputs = isContainer(layer) ? visit(layer, `${prefix}${layer.name}/`, `${here}/`, inputs) : symbols.map((_, i) => `${here}:${i}`);
      if (!isContainer(layer)) calls.push({ path: `${prefix}${layer.name}`, layer, inputs, outputs, inputShapes: symbolic.inputs.map(({ shape }) => shape), outputShapes: symbols.map(({ shape }) => shape) });
      for (const [i, { name }] of symbols.entries()) source.set(name, outputs[i]!);
    }
    return graph.outputs.map(({ name }) => source.get(name)!);
  };
  const inputs = root.inputs.map((_, i) => `input:${i}`);
  const outputs = visit(root, "", "", inputs);
  return { calls, inputs, outputs, nestedInputs };
}

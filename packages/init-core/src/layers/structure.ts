// What a LayersModel says about itself through public fields: containers, layers and their paths, weights in order of creation.
import type { Variable } from "@tensorflow/tfjs-core";
import type { layers, LayersModel, SymbolicTensor } from "@tensorflow/tfjs-layers";

export type Layer = layers.Layer;

/** A model used as a layer, or the model itself. */
export interface Container extends Layer {
  readonly layers: Layer[];
  readonly inputs: SymbolicTensor[];
  readonly outputs: SymbolicTensor[];
}

/** A layer that holds one other layer: TimeDistributed, Bidirectional. */
interface Wrapper extends Layer {
  readonly layer: Layer;
}

export const isContainer = (layer: Layer): layer is Container => Array.isArray((layer as Partial<Container>).layers);
const isWrapper = (layer: Layer): layer is Wrapper => (layer as Partial<Wrapper>).layer !== undefined;

/** The container whose graph is run: a Sequential keeps its functional twin in `.model`. */
export const graphOf = (container: Container): Container => (container as Container & { model?: Container }).model ?? container;

export interface LayerAt {
  /** container/layer, wrappers included: "encoder/steps/dense". */
  readonly path: string;
  readonly layer: Layer;
  /** The layer whose inbound nodes feed this one: itself, or the TimeDistributed around it. */
  readonly outer: Layer;
}

/** Every layer that is no container, once, in the order of the model; nested models and TimeDistributed opened. */
export function layersOf(model: LayersModel): LayerAt[] {
  const found: LayerAt[] = [];
  const seen = new Set<Layer>();
  const visit = (layer: Layer, prefix: string) => {
    if (seen.has(layer)) return;
    seen.add(layer);
    const path = `${prefix}${layer.name}`;
    if (isContainer(layer)) for (const inner of layer.layers) visit(inner, `${path}/`);
    else if (isWrapper(layer) && layer.getClassName() === "TimeDistributed") {
      seen.add(layer.layer);
      found.push({ path: `${path}/${layer.layer.name}`, layer: layer.layer, outer: layer });
    } else found.push({ path, layer, outer: layer });
  };
  for (const layer of (model as unknown as Container).layers) visit(layer, "");
  return found;
}

export interface WeightAt {
  /** The last part of the path: the whole original name without the layer's own, "kernel" or "forward_lstm/kernel". */
  readonly name: string;
  readonly variable: Variable;
  readonly trainable: boolean;
}

/** The weights of one layer in the order of their creation, which freezing does not change (`layer.weights` it does). */
export function weightsOf(layer: Layer): WeightAt[] {
  const prefix = `${layer.name}/`;
  const trainable = layer.trainableWeights;
  const weights = layer.weights.toSorted((a, b) => a.id - b.id);
  const names = weights.map(({ originalName }) => (originalName.startsWith(prefix) ? originalName.slice(prefix.length) : originalName.slice(originalName.indexOf("/") + 1)));
  return weights.map((weight, i) => ({
    // Two weights of one layer may share a short name (custom layers): the later ones get a number.
    name: names.indexOf(names[i]!) === i ? names[i]! : `${names[i]!}_${names.slice(0, i).filter((name) => name === names[i]).length}`,
    variable: weight.read() as Variable,
    // Not weight.trainable alone: a Bidirectional built frozen says that it trains, though its weights do not.
    trainable: trainable.includes(weight),
  }));
}

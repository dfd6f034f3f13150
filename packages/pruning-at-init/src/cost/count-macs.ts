import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, WarmstartError } from "@warmstart/init-core";
import { kernelUses } from "./kernel-uses.js";
import { tensorShapes, type InputShape } from "./tensor-shapes.js";

export interface CountMacsOptions {
  /** Sizes of the input without the batch, for models that leave some open; a list of them for several inputs. */
  readonly inputShape?: InputShape;
}

export interface MacCount {
  readonly total: number;
  /** By layer path ("block/conv1"), in the order of execution; a shared layer with the sum over its calls. Layers without products have 0. */
  readonly perLayer: Readonly<Record<string, number>>;
  /** Paths of layers of other packages, whose arithmetic is not known: in neither figure. */
  readonly uncounted: readonly string[];
}

/**
 * Multiply-adds of one forward pass for one example: products with kernels, and of `Dot`. Not counted are biases, batch and layer norm
 * (a scale and a shift an entry, which fold into the kernel before them), activations, pooling, sums and lookups of embeddings.
 * A layer that is applied twice counts twice, a recurrent one once a step, a transposed convolution by the positions of its input.
 *
 * @throws {WarmstartError} SHAPE_MISMATCH when a size that matters is open (give `inputShape`) or `inputShape` does not fit; MODEL_STATE when the model is not built.
 *
 * @example
 * const { total, perLayer } = countMacs(model);
 */
export function countMacs(model: LayersModel, { inputShape }: CountMacsOptions = {}): MacCount {
  const graph = layerGraph(model);
  const shapes = tensorShapes(model, graph, inputShape, "countMacs");
  const perLayer: Record<string, number> = {};
  const uncounted = new Set<string>();
  for (const { path, layer, inputs, outputs } of graph.calls) {
    const uses = kernelUses(layer, inputs.map((name) => shapes.get(name)!), shapes.get(outputs[0]!)!);
    if (uses === undefined) {
      uncounted.add(path);
      continue;
    }
    const macs = uses.reduce((sum, { size, times }) => sum + size * times, 0);
    if (Number.isNaN(macs)) {
      const open = shapes.get(inputs[0]!)!.map((size) => size ?? "any");
      throw new WarmstartError("SHAPE_MISMATCH", `countMacs: layer "${path}" reads a tensor of open size [${open}], so its multiply-adds have no number. Give the model's input sizes: countMacs(model, { inputShape: [height, width, channels] }).`, { layer: path, shape: open });
    }
    perLayer[path] = (perLayer[path] ?? 0) + macs;
  }
  return { total: Object.values(perLayer).reduce((sum, macs) => sum + macs, 0), perLayer, uncounted: [...uncounted] };
}

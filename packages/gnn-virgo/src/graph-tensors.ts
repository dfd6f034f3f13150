// Tensors of a graph, made when a layer or function first needs them and kept until `graph.dispose()`.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Graph } from "./graph.js";

const kept = new WeakMap<Graph, Map<string, Record<string, Tensor>>>();

/** The tensors under `key`, made by `create` the first time: they outlive any `tidy`, until `graph.dispose()`. */
export function tensorsOf<T extends Record<string, Tensor>>(graph: Graph, key: string, create: () => T): T {
  let own = kept.get(graph);
  if (own === undefined) kept.set(graph, (own = new Map()));
  let tensors = own.get(key) as T | undefined;
  if (tensors === undefined) {
    tensors = tf.tidy(() => {
      const made = create();
      for (const tensor of Object.values(made)) tf.keep(tensor);
      return made;
    });
    own.set(key, tensors);
  }
  return tensors;
}

export function disposeTensorsOf(graph: Graph): void {
  for (const tensors of kept.get(graph)?.values() ?? []) tf.dispose(tensors);
  kept.delete(graph);
}

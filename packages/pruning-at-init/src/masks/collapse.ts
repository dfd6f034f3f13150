// Whether masks cut a network in two.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, type Network, type Parameter } from "@warmstart/init-core";
import { layerPaths } from "../layer-paths.js";

export interface Collapse {
  /** Layers of which no kernel weight is left. */
  readonly empty: readonly string[];
  /** Whether no way leads from an input to an output any more; empty layers of a branch that can be bypassed do not count. */
  readonly disconnected: boolean;
}

/** Layers that let through nothing when one of their inputs is nothing; all others are content with one input. */
const needAll = ["Multiply", "Dot"];

/**
 * Layers left empty, and whether they sever the network. In a network by hand, whose graph is not visible, every empty layer counts.
 *
 * @param kept weights left, by parameter path.
 */
export function findCollapse(target: LayersModel | Network, parameters: readonly Parameter[], kept: Readonly<Record<string, number>>): Collapse {
  // Without its recurrent kernel a recurrent layer still reads its input; biases carry nothing.
  const dead = new Set(parameters.flatMap(({ path, layer, role }) => (role !== "recurrent-kernel" && role !== "bias" && kept[path] === 0 ? [layer] : [])));
  const empty = [...dead];
  if (empty.length === 0) return { empty, disconnected: false };
  if ("sites" in target) return { empty, disconnected: true };
  const { calls, inputs, outputs } = layerGraph(target);
  const alive = new Set(inputs);
  const paths = layerPaths(target);
  for (const { layer, inputs: reads, outputs: makes } of calls) {
    const fed = needAll.includes(layer.getClassName()) ? reads.every((name) => alive.has(name)) : reads.some((name) => alive.has(name));
    if (fed && !dead.has(paths.get(layer) ?? "")) for (const name of makes) alive.add(name);
  }
  return { empty, disconnected: !outputs.every((name) => alive.has(name)) };
}

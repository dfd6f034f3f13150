// A model's graph with the questions that finding residual blocks asks: who makes a tensor, who reads it, what comes before and after it.
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layerGraph, type LayerCall } from "@warmstart/init-core";

export interface GraphIndex {
  /** In order of execution. */
  readonly calls: readonly LayerCall[];
  /** The call that makes a tensor; undefined for the model's inputs. */
  readonly producerOf: (tensor: string) => LayerCall | undefined;
  readonly readersOf: (tensor: string) => readonly LayerCall[];
  readonly isOutput: (tensor: string) => boolean;
  /** How often the call's layer is applied in the whole model. */
  readonly usesOf: (call: LayerCall) => number;
  /** The tensor, and all that it is computed from. */
  readonly origins: (tensor: string) => ReadonlySet<string>;
  /** The calls that work on what is computed from the tensor. */
  readonly followers: (tensor: string) => ReadonlySet<LayerCall>;
}

export function indexGraph(model: LayersModel): GraphIndex {
  const { calls, outputs } = layerGraph(model);
  const producers = new Map<string, LayerCall>();
  const readers = new Map<string, LayerCall[]>();
  const uses = new Map<LayerCall["layer"], number>();
  for (const call of calls) {
    uses.set(call.layer, (uses.get(call.layer) ?? 0) + 1);
    for (const tensor of call.outputs) producers.set(tensor, call);
    for (const tensor of call.inputs) readers.set(tensor, [...(readers.get(tensor) ?? []), call]);
  }
  return {
    calls,
    producerOf: (tensor) => producers.get(tensor),
    readersOf: (tensor) => readers.get(tensor) ?? [],
    isOutput: (tensor) => outputs.includes(tensor),
    usesOf: ({ layer }) => uses.get(layer)!,
    origins(tensor) {
      const found = new Set<string>();
      const open = [tensor];
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (found.has(next)) continue;
        found.add(next);
        open.push(...(producers.get(next)?.inputs ?? []));
      }
      return found;
    },
    followers(tensor) {
      const reached = new Set([tensor]);
      return new Set(calls.filter((call) => {
        const follows = call.inputs.some((input) => reached.has(input));
        if (follows) for (const output of call.outputs) reached.add(output);
        return follows;
      }));
    },
  };
}

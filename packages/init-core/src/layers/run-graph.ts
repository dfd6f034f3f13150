// Runs the graph of a LayersModel layer by layer, as tfjs' own executor does, so that inputs can be read or replaced on the way.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { SymbolicTensor } from "@tensorflow/tfjs-layers";
import { graphOf, isContainer, type Container, type Layer } from "./structure.js";

/** State of one pass through a model and the models nested in it. */
export interface Pass {
  /** Handed to every layer. tfjs writes `mask` into it, where it stays for all later layers: repeated here on purpose. */
  readonly kwargs: Record<string, unknown>;
  /** Called with a layer's inputs just before it runs; what it returns is used instead. */
  readonly before: (layer: Layer, inputs: Tensor[]) => Tensor[];
  /** True once the pass has seen all it was made for. */
  readonly finished: () => boolean;
}

/**
 * The outputs of `container` for `inputs`, or undefined when the pass finished early. What no later layer reads is disposed on the
 * way, unless gradients are being recorded: memory that is used again at once stays in the processor's cache.
 */
export function runGraph(container: Container, inputs: readonly Tensor[], pass: Pass): Tensor[] | undefined {
  const graph = graphOf(container);
  const order = executionOrder(graph);
  const values = new Map<string, Tensor>(graph.inputs.map((symbolic, i) => [symbolic.name, inputs[i]!]));
  const masks = new Map<string, Tensor | null>();
  const readers = countReaders(graph, order);
  for (const symbolic of order) {
    if (values.has(symbolic.name)) continue;
    if (pass.finished()) return undefined;
    const layer = symbolic.sourceLayer;
    const ins = symbolic.inputs.map((input) => values.get(input.name)!);
    const inMasks = symbolic.inputs.map((input) => masks.get(input.name) ?? null);
    if (inMasks.some((mask) => mask !== null)) pass.kwargs.mask = inMasks[0];
    const outs = isContainer(layer) ? runGraph(layer, ins, pass) : applyLayer(layer, ins, pass);
    if (outs === undefined) return undefined;
    const outMasks = layer.supportsMasking ? asList(layer.computeMask(ins, inMasks as Tensor[])) : [];
    const symbols = layer.inboundNodes[symbolic.nodeIndex]!.outputTensors;
    for (const [i, symbol] of symbols.entries()) {
      values.set(symbol.name, outs[i]!);
      masks.set(symbol.name, outMasks[i] ?? null);
    }
    for (const { name } of symbolic.inputs) {
      const left = readers.get(name)! - 1;
      readers.set(name, left);
      if (left === 0 && !layer.stateful) release(values, name);
    }
  }
  return graph.outputs.map((symbolic) => values.get(symbolic.name)!);
}

/** How many layers read each tensor; infinitely many the inputs and outputs of the graph, which are others' to dispose. */
function countReaders(graph: Container, order: readonly SymbolicTensor[]): Map<string, number> {
  const readers = new Map<string, number>([...graph.inputs, ...graph.outputs].map(({ name }) => [name, Infinity]));
  const done = new Set<string>(graph.inputs.map(({ name }) => name));
  for (const symbolic of order) {
    if (done.has(symbolic.name)) continue; // a further output of a layer that has run
    for (const { name } of symbolic.inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
    for (const { name } of symbolic.sourceLayer.inboundNodes[symbolic.nodeIndex]!.outputTensors) done.add(name);
  }
  return readers;
}

/** Disposes a value, unless it is kept, goes under another name too (a layer that returns its input), or a gradient may need it. */
function release(values: Map<string, Tensor>, name: string): void {
  const value = values.get(name)!;
  values.delete(name);
  if (!tf.engine().isTapeOn() && !value.kept && ![...values.values()].includes(value)) value.dispose();
}

/** One layer, unless its input was the last thing this pass wanted to see. */
function applyLayer(layer: Layer, inputs: Tensor[], pass: Pass): Tensor[] | undefined {
  const ready = pass.before(layer, inputs);
  return pass.finished() ? undefined : asList(layer.apply(ready, pass.kwargs) as Tensor | Tensor[]);
}

/** How often each layer is met in one pass, nested models included. */
export function countUses(container: Container, counts = new Map<Layer, number>()): Map<Layer, number> {
  const graph = graphOf(container);
  const done = new Set<string>(graph.inputs.map(({ name }) => name));
  for (const symbolic of executionOrder(graph)) {
    if (done.has(symbolic.name)) continue;
    const layer = symbolic.sourceLayer;
    if (isContainer(layer)) countUses(layer, counts);
    else counts.set(layer, (counts.get(layer) ?? 0) + 1);
    for (const symbol of layer.inboundNodes[symbolic.nodeIndex]!.outputTensors) done.add(symbol.name);
  }
  return counts;
}

/** Depth first from the outputs, the last input first: the very order of tfjs, on which its handling of masks depends. */
export function executionOrder(graph: Container): SymbolicTensor[] {
  const order: SymbolicTensor[] = [];
  const visited = new Set<string>(graph.inputs.map(({ name }) => name));
  for (const output of graph.outputs) {
    const stack = [output];
    const open = new Set<string>();
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      if (visited.has(top.name)) stack.pop();
      else if (top.inputs.length === 0 || open.has(top.name)) {
        stack.pop();
        order.push(top);
        visited.add(top.name);
      } else {
        open.add(top.name);
        for (const input of top.inputs) if (!visited.has(input.name)) stack.push(input);
      }
    }
  }
  return order;
}

function asList<T>(value: T | T[] | null | undefined): T[] {
  if (Array.isArray(value)) return value;
  return value === null || value === undefined ? [] : [value];
}

/** The inputs as a list, checked against what the model takes. */
export function inputList(inputs: Tensor | Tensor[]): Tensor[] {
  return inputs instanceof tf.Tensor ? [inputs] : inputs;
}

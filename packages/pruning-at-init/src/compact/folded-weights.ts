// Kernels and biases of a model whose channels are about to go: nothing reads these any more, and what they added, being constant, is in the biases.
import type { ChannelFlow } from "./channel-flow.js";
import type { HostWeight, HostWeights } from "./host-weights.js";
import type { Mixing } from "./mixing.js";

export interface Folded {
  /** Weights that differ from the model's, masks with them. */
  readonly weights: HostWeights;
  /** Layers that had no bias, and need one now: its values, one an output. */
  readonly newBiases: ReadonlyMap<string, Float32Array>;
  /** Constants that went into biases. */
  readonly count: number;
}

/** @param needed 1 for the channels of each group that something may read. */
export function foldedWeights({ readers }: ChannelFlow, weights: HostWeights, needed: readonly Uint8Array[]): Folded {
  const changed = new Map<string, HostWeight>();
  const newBiases = new Map<string, Float32Array>();
  let count = 0;
  for (const { path, mixing, inputs, outputs, constants } of readers) {
    const gone = inputs.flatMap(({ group, channel }, input) => (needed[group]![channel] === 1 ? [] : [input]));
    if (gone.length === 0) continue;
    const shift = new Float64Array(mixing.outputs);
    for (const input of gone) {
      const value = constants[input]!;
      if (Number.isNaN(value) || value === 0) continue; // nothing that is needed reads it, or there is nothing to read
      const to = outputs.flatMap(({ group, channel }, output) => (needed[group]![channel] === 1 && mixing.reads[input * mixing.outputs + output] === 1 ? [output] : []));
      for (const output of to) shift[output]! += value * mixing.total(input, output);
      count += Math.min(to.length, 1);
    }
    if (shift.some((value) => value !== 0)) {
      const bias = weights.get(`${path}/bias`);
      if (bias === undefined) newBiases.set(path, Float32Array.from(shift));
      else changed.set(`${path}/bias`, { ...bias, values: bias.values.map((value, i) => value + shift[i]!), ...(bias.mask ? { mask: bias.mask.map((stays, i) => Number(stays === 1 || shift[i] !== 0)) } : {}) });
    }
    const kernel = `${path}/${mixing.kernel.name}`;
    changed.set(kernel, withoutInputs(changed.get(kernel) ?? weights.get(kernel)!, gone, mixing));
  }
  return { weights: changed, newBiases, count };
}

/** The kernel with zeros, masked, wherever it reads one of `gone`. */
function withoutInputs({ shape, values, mask }: HostWeight, gone: readonly number[], { kernel: { transposed, repeat } }: Mixing): HostWeight {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const dead = new Uint8Array(transposed ? columns : rows);
  for (const input of gone) dead.fill(1, input * repeat, (input + 1) * repeat);
  const stays = (i: number) => dead[transposed ? i % columns : Math.floor(i / columns) % rows] === 0;
  return { shape, values: values.map((value, i) => (stays(i) ? value : 0)), ...(mask ? { mask: mask.map((bit, i) => (stays(i) ? bit : 0)) } : {}) };
}

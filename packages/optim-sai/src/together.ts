// Small variables of one shape as one: a step of a model with many of them (biases, scales) is bound by calls, not by numbers.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import type { Block } from "./block-optimizer.js";

/** Fewer are not worth putting together and taking apart. */
const least = 4;

/** Blocks alike in all but their values, at least four of each kind, and the others one by one. `small` is asked of each. */
export function grouped(blocks: readonly Block[], small: (block: Block) => boolean): Block[][] {
  const kinds = new Map<string, Block[]>();
  for (const [i, block] of blocks.entries()) {
    // With a learning rate of 0 all keep all, but decay may be part of the gradient.
    const { variable: { shape }, decay, keep, state: { updates, slots } } = block;
    const kind = small(block) ? [shape, decay, keep, updates, [...slots.keys()]].join(" ") : `alone ${i}`;
    const alike = kinds.get(kind);
    if (alike === undefined) kinds.set(kind, [block]);
    else alike.push(block);
  }
  return [...kinds.values()].flatMap((alike) => (alike.length < least ? alike.map((block) => [block]) : [alike]));
}

/** Does `update` on blocks that are alike as if they were one, with an axis more; slots that are scalars are only read. */
export function updateTogether(blocks: readonly Block[], update: (block: Block) => void): void {
  const [first] = blocks as readonly [Block, ...Block[]];
  const { shape } = first.variable;
  const scalars = [blocks.length, ...shape.map(() => 1)];
  const made: Variable[] = [];
  const together = (tensors: readonly Tensor[]): Variable => {
    const stacked = tf.stack([...tensors]);
    const variable = tf.variable(tensors[0]!.rank < shape.length ? tf.reshape(stacked, scalars) : stacked, false);
    made.push(variable);
    return variable;
  };
  // Not unstacked: tfjs' kernels on WebAssembly take the shape that values had when they were made for the shape of a bias.
  const apart = (whole: Variable, parts: readonly Variable[]) => {
    const rows: Tensor = tf.reshape(whole, [-1, ...shape.slice(1)]);
    for (const [i, part] of tf.split(rows, parts.length).entries()) parts[i]!.assign(part as never);
  };
  tf.tidy(() => {
    try {
      const variables = blocks.map(({ variable }) => variable);
      const variable = together(variables);
      const slots = new Map([...first.state.slots.keys()].map((slot) => [slot, together(blocks.map(({ state }) => state.slots.get(slot)!))]));
      update({ ...first, variable, gradient: tf.stack(blocks.map(({ gradient }) => gradient)), state: { slots, updates: first.state.updates } });
      apart(variable, variables);
      for (const [slot, whole] of slots) {
        const parts = blocks.map(({ state }) => state.slots.get(slot)!);
        if (parts[0]!.rank === shape.length) apart(whole, parts);
      }
    } finally {
      tf.dispose(made);
    }
  });
}

import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import { GradientsError } from "../errors.js";
import type { Entry } from "../gradient.js";

/**
 * For `c = einsum("…,…->…", a, b)`: towards `a` it is the einsum of dy and `b` over the indices of `a`, as one matrix product,
 * spread over those that only `a` had and that were summed. One or two operands; each index once an operand (so says tfjs, too).
 */
export const einsum: Entry = {
  mode: "add",
  gradient: {
    kernelName: "Einsum",
    saveAllInputs: true,
    gradFunc: (gradient, operands, attrs) => {
      const dy = gradient as Tensor;
      const { inputs, output } = parse(attrs.equation as string);
      const towards = (which: number) => () => {
        const own = inputs[which]!;
        const other = inputs[1 - which];
        const kept = own.filter((label) => output.includes(label) || other?.includes(label));
        const product = other === undefined ? arrange(dy, output, kept) : contract(dy, output, operands[1 - which]!, other, kept);
        return spread(product, kept, own, operands[which]!.shape);
      };
      return Object.fromEntries(inputs.map((_, which) => [which, towards(which)]));
    },
  },
};

function parse(equation: string): { inputs: string[][]; output: string[] } {
  const [left = "", right = ""] = equation.replace(/\s/g, "").split("->");
  const inputs = left.split(",").map((labels) => [...labels]);
  if (inputs.length > 2 || equation.includes("...") || inputs.some((labels) => new Set(labels).size < labels.length)) {
    throw new GradientsError("UNSUPPORTED", `gradient of einsum: at most two operands, no "...", and no index twice in one operand, got "${equation}". Write it as several einsums, reshapes and sums.`, { equation });
  }
  return { inputs, output: [...right] };
}

/** The axes of `x` in another order. */
function arrange(x: Tensor, from: readonly string[], to: readonly string[]): Tensor {
  return from.every((label, axis) => label === to[axis]) ? x : tf.transpose(x, to.map((label) => from.indexOf(label)));
}

/** Sums out what is in neither of `keep`. */
function only(x: Tensor, labels: readonly string[], keep: readonly string[]): [Tensor, string[]] {
  const axes = labels.flatMap((label, axis) => (keep.includes(label) ? [] : [axis]));
  return axes.length === 0 ? [x, [...labels]] : [tf.sum(x, axes), labels.filter((label) => keep.includes(label))];
}

/** `einsum` of two operands by one batched matrix product. */
function contract(first: Tensor, firstLabels: readonly string[], second: Tensor, secondLabels: readonly string[], output: readonly string[]): Tensor {
  const [a, la] = only(first, firstLabels, [...secondLabels, ...output]);
  const [b, lb] = only(second, secondLabels, [...firstLabels, ...output]);
  const shared = la.filter((label) => lb.includes(label));
  const batch = shared.filter((label) => output.includes(label));
  const summed = shared.filter((label) => !output.includes(label));
  const rows = la.filter((label) => !lb.includes(label));
  const columns = lb.filter((label) => !la.includes(label));
  const sizes = new Map([...la.map((label, axis) => [label, a.shape[axis]!] as const), ...lb.map((label, axis) => [label, b.shape[axis]!] as const)]);
  const shape = (labels: readonly string[]) => labels.map((label) => sizes.get(label)!);
  const count = (labels: readonly string[]) => shape(labels).reduce((product, size) => product * size, 1);
  const matrices = tf.matMul(
    tf.reshape(arrange(a, la, [...batch, ...rows, ...summed]), [count(batch), count(rows), count(summed)]),
    tf.reshape(arrange(b, lb, [...batch, ...summed, ...columns]), [count(batch), count(summed), count(columns)]),
  );
  const made = [...batch, ...rows, ...columns];
  return arrange(tf.reshape(matrices, shape(made)), made, output);
}

/** Repeats `x` along the axes of `to` that are not among `from`, which are in the order of `to`. */
function spread(x: Tensor, from: readonly string[], to: readonly string[], shape: readonly number[]): Tensor {
  if (from.length === to.length) return tf.reshape(x, [...shape]);
  return tf.broadcastTo(tf.reshape(x, to.map((label, axis) => (from.includes(label) ? shape[axis]! : 1))), [...shape]);
}

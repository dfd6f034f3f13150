import type { Fans, Role } from "./network.js";

/** Gates whose kernels lie side by side in the last axis, by layer class. */
const gates: Readonly<Record<string, number>> = { LSTM: 4, LSTMCell: 4, ConvLSTM2D: 4, ConvLSTM2DCell: 4, GRU: 3, GRUCell: 3 };

/**
 * How many inputs feed one output of a kernel, and how many outputs one input feeds; undefined for weights that are no kernel.
 *
 * Dense `"in out"`; convolution `"...window in out"` (transposed: `"...window out in"`); depthwise `"...window in multiplier"`,
 * where an output sees its own channel only; embedding `"vocabulary dim"`, where a lookup reads a single row; recurrent kernels
 * `"in gates*units"` by gate, since each gate has its own nonlinearity. Strides do not count: a transposed convolution with
 * stride s feeds an output from a 1/s² part of its window, a convolution an input to as little of its own.
 *
 * @param role what the parameter does in its layer: `Parameter.role`.
 * @param shape in tfjs' order, which is not torch's (`"out in"`).
 * @param className of the layer ("LSTM", "Conv2DTranspose"), where the shape alone does not tell.
 *
 * @example
 * fansOf("kernel", [3, 3, 16, 32]);   // { fanIn: 144, fanOut: 288 }
 */
export function fansOf(role: Role, shape: readonly number[], className = ""): Fans | undefined {
  const window = shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const last = shape.at(-1) ?? 1;
  const before = shape.at(-2) ?? 1;
  switch (role) {
    case "kernel":
    case "pointwise-kernel":
    case "recurrent-kernel":
      if (className.endsWith("Transpose")) return { fanIn: window * last, fanOut: window * before };
      return { fanIn: window * before, fanOut: (window * last) / (gates[className] ?? 1) };
    case "depthwise-kernel":
      return { fanIn: window, fanOut: window * last };
    case "embedding":
      return { fanIn: 1, fanOut: last };
    default:
      return undefined;
  }
}

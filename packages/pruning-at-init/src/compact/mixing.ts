// How a kernel mixes channels: which inputs it reads for which outputs, and by how much.
import type { HostWeight } from "./host-weights.js";

export interface Mixing {
  readonly inputs: number;
  readonly outputs: number;
  /** 1 at `input * outputs + output` where a weight that stays connects the two. */
  readonly reads: Uint8Array;
  /** What a constant 1 in the input adds to the output: the weights between the two, summed over the window. */
  readonly total: (input: number, output: number) => number;
  /** The weight whose axis of inputs this is, `repeat` entries an input; the last axis of a transposed kernel, else the last but one. */
  readonly kernel: { readonly name: string; readonly transposed: boolean; readonly repeat: number };
  /** Whether a constant other than zero leaves the kernel as something else at the borders. */
  readonly padded: boolean;
}

type Weight = (name: string) => HostWeight | undefined;

/** The mixing of a layer of this class; undefined for classes that keep channels apart. */
export function mixingOf(className: string, { padding }: Readonly<Record<string, unknown>>, weight: Weight): Mixing | undefined {
  const windowed = (shape: readonly number[]) => padding !== "valid" && taps(shape) > 1;
  switch (className) {
    case "Dense":
      return ofKernel(weight("kernel")!, { transposed: false, padded: false });
    case "Conv1D":
    case "Conv2D":
    case "Conv3D":
      return ofKernel(weight("kernel")!, { transposed: false, padded: windowed(weight("kernel")!.shape) });
    case "Conv2DTranspose":
    case "Conv3DTranspose":
      return ofKernel(weight("kernel")!, { transposed: true, padded: true });
    case "SeparableConv2D":
      return ofSeparable(weight("depthwise_kernel")!, weight("pointwise_kernel")!, windowed(weight("depthwise_kernel")!.shape));
    default:
      return undefined;
  }
}

const taps = (shape: readonly number[]): number => shape.slice(0, -2).reduce((all, size) => all * size, 1);

function ofKernel({ shape, values, mask }: HostWeight, { transposed, padded }: { readonly transposed: boolean; readonly padded: boolean }): Mixing {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const [inputs, outputs] = transposed ? [columns, rows] : [rows, columns];
  const size = rows * columns;
  const at = (input: number, output: number) => (transposed ? output * columns + input : input * columns + output);
  const reads = new Uint8Array(size);
  for (let i = 0; i < values.length; i++) {
    if (mask?.[i] === 0) continue;
    const place = i % size;
    reads[transposed ? (place % columns) * outputs + Math.floor(place / columns) : place] = 1;
  }
  const total = (input: number, output: number) => {
    let sum = 0;
    for (let i = at(input, output); i < values.length; i += size) sum += values[i]!;
    return sum;
  };
  return { inputs, outputs, reads, total, padded, kernel: { name: "kernel", transposed, repeat: 1 } };
}

/** Each channel through `m` windows of its own, then all of these mixed. */
function ofSeparable(depthwise: HostWeight, pointwise: HostWeight, padded: boolean): Mixing {
  const [inputs, multiplier] = depthwise.shape.slice(-2) as [number, number];
  const outputs = pointwise.shape.at(-1)!;
  const alone = ofKernel(depthwise, { transposed: false, padded });
  const together = ofKernel(pointwise, { transposed: false, padded: false });
  const reads = new Uint8Array(inputs * outputs);
  for (let input = 0; input < inputs; input++) {
    for (let j = 0; j < multiplier; j++) {
      if (alone.reads[input * multiplier + j] === 0) continue;
      for (let output = 0; output < outputs; output++) reads[input * outputs + output]! |= together.reads[(input * multiplier + j) * outputs + output]!;
    }
  }
  const total = (input: number, output: number) => {
    let sum = 0;
    for (let j = 0; j < multiplier; j++) sum += alone.total(input, j) * together.total(input * multiplier + j, output);
    return sum;
  };
  return { inputs, outputs, reads, total, padded, kernel: { name: "pointwise_kernel", transposed: false, repeat: multiplier } };
}

// Complex tensors on the tape. tfjs accepts gradients of dtype float32 only, so a complex tensor is recorded as two real ones that
// never exist as data: only their ids are needed, to connect operations. Gradients of real and imaginary parts then flow separately.
import * as tf from "@tensorflow/tfjs-core";
import type { GradConfig, NamedAttrMap, NamedTensorMap, Tensor } from "@tensorflow/tfjs-core";
import { pairsKey, type Gradient, type NamedGradients, type Pair, type PairGradient } from "./gradient.js";
import { copyPair, multiplyPairs } from "./gradients/complex.js";

type Backward = (dys: Tensor | Tensor[], saved: Tensor[]) => NamedGradients;

export const isComplex = (tensor: Tensor): boolean => tensor.dtype === "complex64";

/** Kernels that do the same to the real and to the imaginary part, so that their gradient for real numbers serves each. */
const separable = new Set(["Add", "AddN", "BroadcastTo", "Concat", "ExpandDims", "GatherV2", "Identity", "Mean", "Neg", "Pack", "PadV2", "Reshape", "Reverse", "Slice", "SplitV", "Sub", "Sum", "Tile", "Transpose", "Unpack"]);

/**
 * Records an operation with complex inputs or outputs through `record`, with the gradient that fits it. One for which we know no
 * gradient is recorded without, so that tfjs refuses, by name, to differentiate through it.
 */
export function recordPairs(
  { name, inputs, outputs, attrs = {}, isClone }: { name: string; inputs: NamedTensorMap; outputs: readonly Tensor[]; attrs?: NamedAttrMap | undefined; isClone: boolean },
  record: (name: string, inputs: NamedTensorMap, outputs: Tensor[], backward: Backward | null) => void,
): void {
  const gradient = isClone ? copyPair : gradientOf(name, inputs);
  const pairedInputs = Object.entries(inputs).flatMap(([input, tensor]) =>
    isComplex(tensor) ? (["real", "imag"] as const).map((which) => ({ key: `${input}.${which}`, input, which, tensor: part(tensor, which) })) : [{ key: input, input, which: "real" as const, tensor }],
  );
  const backward: Backward = (dys, saved) => {
    const parts = [dys].flat();
    const paired = outputs.map((tensor) => (isComplex(tensor) ? { real: parts.shift()!, imag: parts.shift()! } : parts.shift()!));
    const result = tf.tidy(() => gradient!(paired, saved, attrs));
    return Object.fromEntries(pairedInputs.map(({ key, input, which }) => [key, () => take(result[input]!, which)]));
  };
  record(
    `${name} of complex numbers`,
    Object.fromEntries(pairedInputs.map(({ key, tensor }) => [key, tensor])),
    outputs.flatMap((tensor) => (isComplex(tensor) ? [part(tensor, "real"), part(tensor, "imag")] : [tensor])),
    gradient ? backward : null,
  );
}

function gradientOf(name: string, inputs: NamedTensorMap): PairGradient | undefined {
  const config = tf.getGradient(name) as Gradient | undefined;
  if (config?.[pairsKey]) return config[pairsKey];
  if (name === "Multiply") return multiplyPairs;
  if (name === "Cast") return copyPair;
  return config && separable.has(name) ? eachPart(config, inputs) : undefined;
}

function eachPart({ gradFunc }: GradConfig, inputs: NamedTensorMap): PairGradient {
  const complexInputs = Object.keys(inputs).filter((key) => isComplex(inputs[key]!));
  return (dys, saved, attrs) => {
    const [real, imag] = (["real", "imag"] as const).map((which) => {
      const parts = dys.map((dy) => take(dy, which));
      return gradFunc(parts.length > 1 ? parts : parts[0]!, saved, attrs);
    }) as [NamedGradients, NamedGradients];
    return Object.fromEntries(complexInputs.map((key) => [key, { real: real[key]!(), imag: imag[key]!() }]));
  };
}

/** What stands for a part of `z` on the tape. tfjs counts ids up from 0, so these are nobody else's. */
function part({ id, shape, size }: Tensor, which: "real" | "imag"): Tensor {
  return { id: -2 * id - (which === "real" ? 1 : 2), shape, size, dtype: "float32" } as unknown as Tensor;
}

/** A copy, since tfjs may dispose what it adds up. */
function take(gradient: Pair | Tensor, which: "real" | "imag"): Tensor {
  if (gradient instanceof tf.Tensor) return which === "real" ? tf.clone(gradient) : tf.zerosLike(gradient);
  return tf.clone(gradient[which]);
}

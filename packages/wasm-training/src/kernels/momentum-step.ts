import type { KernelFunc, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import type { TypedArrayBackend } from "../typed-arrays.js";
import { expectShape } from "./expect-shape.js";

const name = "MomentumStep";

type Inputs = Readonly<Record<"variable" | "momentum" | "gradient" | "gain", TensorInfo>>;
type Numbers = Readonly<Record<"decay" | "keep" | "rate", number>>;

function checked(inputs: unknown, attrs: unknown): Inputs & Numbers {
  const given = inputs as Inputs;
  for (const key of ["variable", "momentum", "gradient"] as const) expectShape(name, key, given[key], "float32", given.variable.shape);
  expectShape(name, "gain", given.gain, "float32", []);
  const { decay, keep, rate } = attrs as Numbers;
  for (const [key, value] of Object.entries({ decay, keep, rate })) if (typeof value !== "number") throw new Error(`${name}: ${key} must be a number, got ${String(value)}`);
  return { ...given, decay, keep, rate };
}

const onTypedArrays: KernelFunc = ({ inputs, attrs, backend }) => {
  const { variable, momentum, gradient, gain, decay, keep, rate } = checked(inputs, attrs as NamedAttrMap);
  const own = backend as TypedArrayBackend;
  const outs = [own.makeOutput(variable.shape, "float32"), own.makeOutput(variable.shape, "float32")] as [TensorInfo, TensorInfo];
  const [theta, old, g, [factor], next, m] = [variable, momentum, gradient, gain, ...outs].map((tensor) => own.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
  for (let i = 0; i < m.length; i++) {
    m[i] = decay * old[i]! + (1 - decay) * g[i]!;
    next[i] = keep * theta[i]! - rate * factor! * m[i]!;
  }
  return outs;
};

/**
 * A step of momentum SGD in one pass. All but `gain`, a scalar, have one shape; attributes are numbers.
 * `m = decay · momentum + (1 - decay) · gradient`; gives `[keep · variable - rate · gain · m, m]`.
 * `momentum` is used up: m takes its memory, unless another tensor has the same data, whose values then stay.
 */
export const momentumStep: TrainingKernel = {
  name,
  mode: "add",
  fallback: onTypedArrays,
  run: (runtime, inputs, attrs) => {
    const { variable, momentum, gradient, gain, decay, keep, rate } = checked(inputs, attrs);
    const out = runtime.output(variable.shape, "float32");
    const usedUp = runtime.isSole(momentum) && momentum.dataId !== variable.dataId && momentum.dataId !== gradient.dataId;
    const m = usedUp ? runtime.share(momentum, momentum.shape) : runtime.output(variable.shape, "float32");
    const [factor] = runtime.floats(runtime.offset(gain), 1);
    runtime.module.momentumStep(runtime.offset(variable), runtime.offset(momentum), runtime.offset(gradient), runtime.offset(m), runtime.offset(out), sizeOf(variable.shape), decay, 1 - decay, keep, rate * factor!);
    return [out, m];
  },
};

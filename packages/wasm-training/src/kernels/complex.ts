import { util, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { complexOf, pairsOf } from "../complex-tensor.js";
import { sizeOf, type Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import type { TypedArrayBackend } from "../typed-arrays.js";
import type { WasmBackend } from "../wasm-backend.js";

/** A complex tensor of two real ones: re and im side by side (`complex-tensor.ts`). */
export const complex: TrainingKernel = {
  name: "Complex",
  mode: "add",
  run: (runtime, { real, imag }) => {
    check(real!, imag!);
    const out = runtime.output([...real!.shape, 2], "float32");
    runtime.module.interleave(runtime.offset(real!), runtime.offset(imag!), runtime.offset(out), sizeOf(real!.shape));
    return complexOf(out);
  },
  fallback: ({ inputs, backend }) => {
    const { real, imag } = inputs as unknown as { real: TensorInfo; imag: TensorInfo };
    check(real, imag);
    const arrays = backend as unknown as TypedArrayBackend;
    const out = arrays.makeOutput([...real.shape, 2], "float32");
    const [re, im, to] = [real, imag, out].map((tensor) => arrays.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array, Float32Array];
    re.forEach((value, i) => to.set([value, im[i]!], 2 * i));
    return complexOf(out);
  },
};

function check(real: TensorInfo, imag: TensorInfo): void {
  util.assert(real.dtype === "float32" && imag.dtype === "float32", () => `Complex: real and imag must be float32, got ${real.dtype} and ${imag.dtype}`);
  util.assertShapesMatch(real.shape, imag.shape, "Complex: real and imag must have the same shape. ");
}

/** A real tensor of a complex one's shape. */
function part(name: string, key: string, onModule: (runtime: Runtime, x: number, y: number, n: number) => void, f: (re: number, im: number) => number): TrainingKernel {
  const fallback: KernelFunc = ({ inputs, backend }) => {
    const x = inputs[key]!;
    const arrays = backend as unknown as TypedArrayBackend & WasmBackend;
    const out = arrays.makeOutput(x.shape, "float32");
    const from = arrays.typedArrayFromHeap(pairsOf(arrays, x));
    const to = arrays.typedArrayFromHeap(out);
    for (let i = 0; i < to.length; i++) to[i] = f(from[2 * i]!, from[2 * i + 1]!);
    return out;
  };
  return {
    name,
    mode: "add",
    run: (runtime, inputs) => {
      const x = inputs[key]!;
      if (x.dtype !== "complex64") throw new Error(`${name}: the input must be complex64, got ${x.dtype}`);
      pairsOf(runtime.backend, x);
      const out = runtime.output(x.shape, "float32");
      onModule(runtime, runtime.offset(x), runtime.offset(out), sizeOf(x.shape));
      return out;
    },
    fallback,
  };
}

export const real = part("Real", "input", ({ module }, x, y, n) => module.everySecond(x, y, n), (re) => re);
export const imag = part("Imag", "input", ({ module }, x, y, n) => module.everySecond(x + 4, y, n), (_, im) => im);
/** Squares in float64: no overflow. */
export const complexAbs = part("ComplexAbs", "x", ({ module }, x, y, n) => module.complexAbs(x, y, n), Math.hypot);

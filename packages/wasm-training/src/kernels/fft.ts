import type { KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { complexOf, pairsOf } from "../complex-tensor.js";
import { sizeOf, type Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import type { TypedArrayBackend } from "../typed-arrays.js";
import type { WasmBackend } from "../wasm-backend.js";
import { transformFloat64 } from "./fft-float64.js";
import { planFft } from "./fft-plan.js";

/** Over the last axis: rows of n. */
function rowsOf(name: string, x: TensorInfo): { rows: number; n: number } {
  if (x.dtype !== "complex64") throw new Error(`${name}: the input must be complex64, got ${x.dtype}`);
  if (x.shape.length === 0) throw new Error(`${name}: the input must have an axis to transform, got a scalar`);
  const n = x.shape.at(-1)!;
  return { rows: n === 0 ? 0 : sizeOf(x.shape) / n, n };
}

function transform(runtime: Runtime, name: string, x: TensorInfo, inverse: boolean): TensorInfo {
  const { rows, n } = rowsOf(name, x);
  const { module } = runtime;
  const input = pairsOf(runtime.backend, x);
  if (n === 1) return complexOf(runtime.share(input, input.shape));
  const out = runtime.output(input.shape, "float32");
  if (rows === 0) return complexOf(out);
  const plan = planFft(n, inverse);
  const { tables } = plan;
  const padded = plan.method === "bluestein" ? plan.padded : n;
  const work = plan.method === "matrix" ? module.gemmScratchBytes(rows, 2 * n, 2 * n, false) >>> 0 : padded * (plan.method === "bluestein" ? 24 : 16);
  runtime.withScratch(tables.byteLength + work, (scratch) => {
    runtime.floats(scratch, tables.length).set(tables);
    const [from, to, free] = [runtime.offset(input), runtime.offset(out), scratch + tables.byteLength];
    if (plan.method === "matrix") module.gemm(1, rows, 2 * n, 2 * n, from, 0, false, scratch, 0, false, to, free, 0, 0, 0);
    else if (plan.method === "stockham") module.fft(from, to, rows, n, inverse, inverse ? 1 / n : 1, scratch, free);
    else {
      const before = scratch + plan.twiddles * 4;
      const filter = before + n * 8;
      module.bluestein(from, to, rows, n, padded, before, filter, filter + padded * 8, scratch, free);
    }
  });
  return complexOf(out);
}

const onTypedArrays = (name: string, inverse: boolean): KernelFunc => ({ inputs, backend }) => {
  const x = inputs.input!;
  const { rows, n } = rowsOf(name, x);
  const arrays = backend as unknown as TypedArrayBackend & WasmBackend;
  const input = pairsOf(arrays, x);
  const out = arrays.makeOutput(input.shape, "float32");
  const [from, to] = [input, out].map((tensor) => arrays.typedArrayFromHeap(tensor)) as [Float32Array, Float32Array];
  // The inverse is the transform with re and im exchanged, before and after.
  const [first, second] = inverse ? [1, 0] : [0, 1];
  const scale = inverse ? 1 / n : 1;
  for (let row = 0; row < rows; row++) {
    const at = 2 * n * row;
    const [re, im] = [first, second].map((part) => Float64Array.from({ length: n }, (_, i) => from[at + 2 * i + part]!)) as [Float64Array, Float64Array];
    transformFloat64(re, im);
    for (let i = 0; i < n; i++) {
      to[at + 2 * i + first] = re[i]! * scale;
      to[at + 2 * i + second] = im[i]! * scale;
    }
  }
  return complexOf(out);
};

const kernel = (name: string, inverse: boolean): TrainingKernel => ({
  name,
  mode: "add",
  run: (runtime, { input }) => transform(runtime, name, input!, inverse),
  fallback: onTypedArrays(name, inverse),
});

/** The Fourier transform over the last axis, for any length. Error 2e-7 of the largest value, 5e-7 where the length is no power of two. */
export const fft = kernel("FFT", false);
/** Its inverse, divided by the length. */
export const ifft = kernel("IFFT", true);

import type { GradConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import { withComplex } from "./complex-forms.js";
import { runtimeOf, type Runtime } from "./runtime.js";

/**
 * A kernel of ours. It computes what it does better than the backend and gives `undefined` for all else: other dtypes, shapes
 * it does not know, empty tensors; then the kernel it replaced is called.
 */
export interface TrainingKernel {
  /** As tfjs registers it: "BatchMatMul". */
  readonly name: string;
  /** "replace": the backend has one, ours is faster. "add": the backend has none; a release of tfjs that brings it wins. */
  readonly mode: "replace" | "add";
  readonly run: (runtime: Runtime, inputs: Readonly<Record<string, TensorInfo>>, attrs: Readonly<Record<string, unknown>>) => TensorInfo | TensorInfo[] | undefined;
  /** For "add", where the module cannot run (threads, no SIMD): the same on typed arrays. */
  readonly fallback?: KernelFunc;
  /** For a kernel that tfjs does not know. Registered and removed with it. */
  readonly gradient?: GradConfig;
}

/** The function to register, in front of the one that was there. */
export function kernelFuncOf(kernel: TrainingKernel, original: KernelFunc | undefined): KernelFunc {
  const otherwise = original ?? kernel.fallback;
  return withComplex(kernel.name, (call) => {
    const runtime = runtimeOf(call.backend);
    const result = runtime === undefined ? undefined : kernel.run(runtime, call.inputs as Record<string, TensorInfo>, call.attrs ?? {});
    if (result !== undefined) return result;
    if (otherwise === undefined) throw new Error(`${kernel.name}: wasm-training has no kernel for these inputs on this WebAssembly backend`);
    return otherwise(call);
  });
}

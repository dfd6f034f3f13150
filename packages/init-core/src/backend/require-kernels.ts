import * as tf from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";

/** Kernels that tfjs' WebAssembly backend lacks and `@warmstart/wasm-training` brings. It grows with that package. */
const inWasmTraining = new Set(["Complex", "ComplexAbs", "Conv2DBackpropFilter", "CsrMatMul", "CsrSampledMatMul", "DepthwiseConv2dNativeBackpropFilter", "DepthwiseConv2dNativeBackpropInput", "Einsum", "FFT", "IFFT", "Imag", "Real", "UnsortedSegmentSum"]);

/**
 * Throws when the backend in use lacks a kernel that a long computation will need, before it starts.
 *
 * @param kernels names as tfjs registers them, "UnsortedSegmentSum".
 * @param what needs them, for the message: "the gradient of an embedding".
 * @throws {WarmstartError} BACKEND, naming the backend, the missing kernels and the cure.
 *
 * @example
 * requireKernels(["UnsortedSegmentSum"], "the gradient of an embedding");
 */
export function requireKernels(kernels: readonly string[], what: string): void {
  const backend = tf.getBackend() as string | undefined;
  if (backend === undefined || backend === null) throw new WarmstartError("BACKEND", `requireKernels: no backend is in use, and ${what} needs ${kernels.join(", ")}. Call \`await useBackend()\` first.`, { kernels });
  const missing = kernels.filter((name) => tf.getKernel(name, backend) === undefined);
  if (missing.length === 0) return;
  const cure =
    backend === "wasm" && missing.every((name) => inWasmTraining.has(name))
      ? "Install @warmstart/wasm-training and call useBackend() (or its registerTrainingKernels()), or use another backend: tensorflow (native), webgpu, webgl or cpu."
      : "Use another backend: useBackend({ prefer: … }) with one of tensorflow (native), webgpu, webgl, cpu.";
  throw new WarmstartError("BACKEND", `requireKernels: the backend "${backend}" has no ${missing.join(", ")}, which ${what} needs. ${cure}`, { backend, missing });
}

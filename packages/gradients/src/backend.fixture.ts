import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { registerTrainingKernels } from "@warmstart/wasm-training";

/** Any kernel that the native backend has not: for what it cannot run otherwise. */
export const notOnNative = "MaxPoolWithArgmax";

/** What no backend has, so that cpu serves. */
export const onCpu = ["none"];

/** Runs `f` on the backend of the test (WebAssembly with its training kernels), or on cpu where that lacks one of `kernels`. */
export async function withKernels<T>(kernels: readonly string[], f: () => Promise<T>): Promise<T> {
  const backend = tf.getBackend();
  if (backend === "wasm") registerTrainingKernels();
  if (kernels.every((name) => tf.getKernel(name, backend))) return f();
  await tf.setBackend("cpu");
  try {
    return await f();
  } finally {
    await tf.setBackend(backend);
  }
}

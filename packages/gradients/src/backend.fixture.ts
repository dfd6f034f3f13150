import * as tf from "@tensorflow/tfjs";

/** Any kernel that the native backend has not: for what it cannot run otherwise. */
export const notOnNative = "MaxPoolWithArgmax";

/** What no backend has, so that cpu serves. */
export const onCpu = ["none"];

/** Runs `f` on the backend of the test, or on cpu where that lacks one of `kernels`. */
export async function withKernels<T>(kernels: readonly string[], f: () => Promise<T>): Promise<T> {
  const backend = tf.getBackend();
  if (kernels.every((name) => tf.getKernel(name, backend))) return f();
  await tf.setBackend("cpu");
  try {
    return await f();
  } finally {
    await tf.setBackend(backend);
  }
}

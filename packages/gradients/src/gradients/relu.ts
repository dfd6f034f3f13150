// The gradient of relu as one kernel, where the backend has it. tfjs multiplies by a step, and its native backend makes that step of
// seven passes over the data.
import * as tf from "@tensorflow/tfjs-core";
import type { KernelFunc, Tensor } from "@tensorflow/tfjs-core";
import type { Entry } from "../gradient.js";
import { noGradient, runKernel } from "../kernel.js";

const kernelName = "ReluGrad";
const backendName = "tensorflow";

/** What tfjs' native backend offers besides kernels: any operation of TensorFlow by its name. */
interface NativeBackend {
  readonly binding: { readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(name: string, attributes: readonly object[], inputs: readonly unknown[]): Tensor;
}

const nativeReluGrad: KernelFunc = ({ inputs: { dy, x }, backend }) => {
  const native = backend as NativeBackend;
  return native.executeSingleOutput(kernelName, [{ name: "T", type: native.binding.TF_ATTR_TYPE, value: native.binding.TF_FLOAT }], [dy, x]);
};

/** dy where x > 0, else 0. Where x is NaN that is 0 on the native backend; tfjs has NaN. */
export const relu: Entry = {
  mode: "replace",
  beside: {
    repair: () => void (tf.getKernel(kernelName, backendName) ?? tf.registerKernel({ kernelName, backendName, kernelFunc: nativeReluGrad })),
    restore: () => void (tf.getKernel(kernelName, backendName)?.kernelFunc === nativeReluGrad && tf.unregisterKernel(kernelName, backendName)),
  },
  gradient: {
    kernelName: "Relu",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => (tf.getKernel(kernelName, tf.getBackend()) === undefined || x!.dtype !== "float32" ? tf.mul(dy as Tensor, tf.cast(tf.step(x!), "float32")) : runKernel(kernelName, { dy: dy as Tensor, x: x! })) }),
  },
};

/** It is linear in dy, so that its own gradient is itself: also plain nested gradients, which tfjs has right for relu, need it. */
export const reluGrad: Entry = {
  mode: "add",
  gradient: { kernelName, inputsToSave: ["x"], gradFunc: (gradient, [x]) => ({ dy: () => runKernel(kernelName, { dy: gradient as Tensor, x: x! }), x: () => noGradient(x!) }) },
};

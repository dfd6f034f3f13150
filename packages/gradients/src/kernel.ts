import * as tf from "@tensorflow/tfjs-core";
import type { NamedAttrMap, NamedTensorMap, Tensor } from "@tensorflow/tfjs-core";

/** Runs a kernel that tfjs exports no operation for; it is recorded like one. */
export function runKernel(name: string, inputs: NamedTensorMap, attrs: Readonly<Record<string, unknown>> = {}): Tensor {
  return tf.engine().runKernel(name, inputs, attrs as unknown as NamedAttrMap) as Tensor;
}

/**
 * What `tf.customGrad` does, but with one function an input, called when its gradient is asked for: `customGrad` computes all of them always.
 *
 * @param gradients towards each of `inputs` by name, from the gradient towards the result, and from `saved` as they are kept for it: the tensors themselves may be disposed by then.
 */
export function record(inputs: NamedTensorMap, compute: () => Tensor, gradients: (dy: Tensor, saved: readonly Tensor[]) => Readonly<Record<string, () => Tensor>>, saved: readonly Tensor[] = []): Tensor {
  const engine = tf.engine() as unknown as {
    runKernelFunc(call: {
      inputs: NamedTensorMap;
      forwardFunc: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor;
      backwardsFunc: (dy: Tensor, saved: Tensor[]) => Readonly<Record<string, () => Tensor>>;
    }): Tensor;
  };
  const forwardFunc = (_: unknown, save: (tensors: Tensor[]) => void) => {
    save([...saved]);
    return compute();
  };
  return engine.runKernelFunc({ inputs, forwardFunc, backwardsFunc: gradients });
}

/** Runs `compute` without putting anything on tfjs' tape, as tfjs runs what kernels and custom gradients consist of. */
export function unrecorded<T>(compute: () => T): T {
  const { state } = tf.engine() as unknown as { readonly state: { kernelDepth: number } };
  state.kernelDepth++;
  try {
    return compute();
  } finally {
    state.kernelDepth--;
  }
}

/** Zeros in float32 of the shape of a tensor of any dtype: the gradient towards what does not change the result a little. */
export const noGradient = (tensor: Tensor): Tensor => tf.zeros(tensor.shape);

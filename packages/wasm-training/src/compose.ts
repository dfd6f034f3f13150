import { getKernel, type NamedAttrMap, type TensorInfo } from "@tensorflow/tfjs-core";

export type RunKernel = (name: string, inputs: Readonly<Record<string, TensorInfo>> | readonly TensorInfo[], attrs?: Readonly<Record<string, unknown>>) => TensorInfo;

/** A computation by registered kernels of the WebAssembly backend; what they make, except the result, is freed, also on throw. */
export function compose(backend: { disposeData(dataId: object): boolean }, computation: (run: RunKernel) => TensorInfo): TensorInfo {
  const made: TensorInfo[] = [];
  let result: TensorInfo | undefined;
  try {
    result = computation((name, inputs, attrs = {}) => {
      const kernel = getKernel(name, "wasm");
      if (kernel === undefined) throw new Error(`the WebAssembly backend has no kernel ${name}, which this computation is made of: register it too (registerTrainingKernels)`);
      const out = kernel.kernelFunc({ inputs: inputs as Record<string, TensorInfo>, attrs: attrs as NamedAttrMap, backend }) as TensorInfo;
      made.push(out);
      return out;
    });
    return result;
  } finally {
    for (const info of made) if (info !== result) backend.disposeData(info.dataId);
  }
}

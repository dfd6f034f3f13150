// One kernel of tfjs' cpu backend that takes a pass over the data for every segment, where one pass serves all.
import { getKernel, registerKernel, unregisterKernel, type KernelConfig, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";

const kernelName = "UnsortedSegmentSum";
const backendName = "cpu";
const replacedKey = Symbol.for("@warmstart/gradients/replaced");
type OurKernel = KernelConfig & { readonly [replacedKey]: KernelConfig };

interface CpuBackend {
  readSync(dataId: object): ArrayLike<number>;
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): TensorInfo;
}

/**
 * Puts an `UnsortedSegmentSum` of one pass in place of the cpu backend's, which takes one a segment (and holds a copy of x for each):
 * the gradient of `tf.gather`, hence of embeddings, and sums over the neighbours in a graph. Results are the same: float32 for any
 * input, ids out of range left out. (But a NaN or infinity stays in its segment, where tfjs' own makes all of them NaN.) A second call
 * changes nothing; without a cpu backend none does.
 *
 * @returns The names of the kernels of ours in place.
 */
export function registerCpuKernels(): { readonly registered: readonly string[] } {
  const current = getKernel(kernelName, backendName);
  if (current === undefined) return { registered: [] };
  if (!isOurs(current)) {
    unregisterKernel(kernelName, backendName);
    const ours: OurKernel = { ...current, kernelFunc: (call) => segmentSum(call) ?? current.kernelFunc(call), [replacedKey]: current };
    registerKernel(ours);
  }
  return { registered: [kernelName] };
}

/** Puts the kernel back that was there before, the same object. */
export function unregisterCpuKernels(): void {
  const current = getKernel(kernelName, backendName);
  if (!isOurs(current)) return;
  unregisterKernel(kernelName, backendName);
  registerKernel(current[replacedKey]);
}

const isOurs = (config: KernelConfig | undefined): config is OurKernel => config !== undefined && replacedKey in config;

/** Undefined for what is left to the kernel that was there, its errors among them. */
function segmentSum({ inputs, backend, attrs }: Parameters<KernelFunc>[0]): TensorInfo | undefined {
  const { x, segmentIds } = inputs as unknown as { x: TensorInfo; segmentIds: TensorInfo };
  const numSegments = Number(attrs?.numSegments);
  const [rows, ...rest] = x.shape;
  if (!(numSegments > 0) || segmentIds.shape.length !== 1 || segmentIds.shape[0] !== rows || segmentIds.dtype !== "int32") return undefined;
  if (x.dtype !== "float32" && x.dtype !== "int32" && x.dtype !== "bool") return undefined;

  const cpu = backend as unknown as CpuBackend;
  const values = cpu.readSync(x.dataId);
  const ids = cpu.readSync(segmentIds.dataId);
  const width = rest.reduce((product, size) => product * size, 1);
  const sums = new Float32Array(numSegments * width);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (id < 0 || id >= numSegments) continue;
    for (let i = 0; i < width; i++) sums[id * width + i]! += values[row * width + i]!;
  }
  return cpu.makeTensorInfo([numSegments, ...rest], "float32", sums);
}

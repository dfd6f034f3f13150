import { util, type DataType, type TensorInfo } from "@tensorflow/tfjs-core";
import { instantiate, instantiateSync, type ModuleExports } from "./module.js";
import { asWasmBackend, type WasmBackend } from "./wasm-backend.js";

/** The module on one backend's memory. Kernels get it, and the backend's own kernels serve where there is none. */
export interface Runtime {
  readonly module: ModuleExports;
  readonly backend: WasmBackend;
  /** Where a tensor's values lie: valid as long as the tensor lives, also when memory grows. */
  offset(tensor: TensorInfo): number;
  /** A new tensor, its values not set. */
  output(shape: readonly number[], dtype: DataType): TensorInfo;
  /** The same data as another tensor, which must not be written to: nothing in tfjs does, and here only `MomentumStep`, where it is sole. */
  share(tensor: TensorInfo, shape: readonly number[]): TensorInfo;
  /** Whether no other tensor has the same data. */
  isSole(tensor: TensorInfo): boolean;
  /** Lends memory for the duration of `f`. */
  withScratch<T>(bytes: number, f: (offset: number) => T): T;
  /** Views on the heap: use them at once, the next allocation may detach them. */
  floats(offset: number, length: number): Float32Array;
  ints(offset: number, length: number): Int32Array;
}

type State = { readonly runtime: Runtime } | { readonly reason: string };

// One per backend, since each has its own memory.
const states = new WeakMap<object, State>();

/** The runtime of the backend a kernel is called with, made at the first call; undefined when it cannot be had. */
export function runtimeOf(backend: object): Runtime | undefined {
  const known = states.get(backend) ?? open(backend);
  return "runtime" in known ? known.runtime : undefined;
}

/** Why {@link runtimeOf} gives nothing. */
export function unavailableReason(backend: object): string | undefined {
  runtimeOf(backend);
  const known = states.get(backend);
  return known !== undefined && "reason" in known ? known.reason : undefined;
}

/** Makes the runtime without blocking; an earlier failure is tried again. */
export async function prepareRuntime(backend: object): Promise<void> {
  const known = states.get(backend);
  if (known !== undefined && "runtime" in known) return;
  const opened = asWasmBackend(backend);
  if (typeof opened === "string") return;
  try {
    states.set(backend, { runtime: createRuntime(opened.backend, opened.memory, await instantiate(opened.memory)) });
  } catch (error) {
    states.set(backend, { reason: reasonOf(error) });
  }
}

function open(backend: object): State {
  const opened = asWasmBackend(backend);
  let state: State;
  if (typeof opened === "string") state = { reason: opened };
  else {
    try {
      state = { runtime: createRuntime(opened.backend, opened.memory, instantiateSync(opened.memory)) };
    } catch (error) {
      state = { reason: reasonOf(error) };
    }
  }
  states.set(backend, state);
  return state;
}

const reasonOf = (error: unknown): string => `the module could not be started: ${error instanceof Error ? error.message : String(error)}`;

function createRuntime(backend: WasmBackend, memory: WebAssembly.Memory, module: ModuleExports): Runtime {
  return {
    module,
    backend,
    // Emscripten gives signed offsets beyond 2 GB.
    offset: (tensor) => backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0,
    output: (shape, dtype) => backend.makeOutput(shape, dtype),
    share: (tensor, shape) => {
      backend.incRef(tensor.dataId);
      return { dataId: tensor.dataId, shape: [...shape], dtype: tensor.dtype };
    },
    isSole: (tensor) => backend.dataIdMap.get(tensor.dataId).refCount === 1,
    withScratch: (bytes, f) => {
      const offset = backend.wasm._malloc(bytes) >>> 0;
      if (offset === 0) throw new RangeError(`wasm-training: no room for ${bytes} bytes of scratch memory in the WebAssembly heap`);
      try {
        return f(offset);
      } finally {
        backend.wasm._free(offset);
      }
    },
    floats: (offset, length) => new Float32Array(memory.buffer, offset, length),
    ints: (offset, length) => new Int32Array(memory.buffer, offset, length),
  };
}

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => util.sizeFromShape(shape as number[]);

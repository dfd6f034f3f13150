import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";

/** What this package uses of tfjs-backend-wasm's `BackendWasm`. Its types are private; at run time these are plain fields. */
export interface WasmBackend {
  readonly wasm: {
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number; readonly refCount: number; shape: readonly number[]; dtype: DataType } };
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
}

/** The one cast of this package: the backend that a kernel is called with and its memory, or the reason why that cannot be reached. */
export function asWasmBackend(backend: unknown): { readonly backend: WasmBackend; readonly memory: WebAssembly.Memory } | string {
  const candidate = backend as Partial<WasmBackend> | null | undefined;
  const module = candidate?.wasm as { asm?: { memory?: unknown }; wasmMemory?: unknown; _malloc?: unknown; _free?: unknown } | null | undefined;
  if (module === undefined || module === null || typeof candidate?.makeOutput !== "function" || typeof candidate.incRef !== "function") return "it is not a BackendWasm as tfjs-backend-wasm 4.22 has it";
  // The plain binary exports its memory; the threaded one is given it.
  const memory = [module.asm?.memory, module.wasmMemory].find((candidate_) => candidate_ instanceof WebAssembly.Memory);
  if (memory === undefined) return "its memory cannot be reached (another release of tfjs-backend-wasm?)";
  if (typeof module._malloc !== "function" || typeof module._free !== "function") return "its allocator cannot be reached (another release of tfjs-backend-wasm?)";
  return { backend: candidate as unknown as WasmBackend, memory };
}

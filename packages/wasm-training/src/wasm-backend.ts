import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";

/** What this package uses of tfjs-backend-wasm's `BackendWasm`. Its types are private; at run time these are plain fields. */
export interface WasmBackend {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    /** A view on all memory. It is replaced when memory grows, so read it anew after every allocation. */
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo;
  incRef(dataId: object): void;
  disposeData(dataId: object): boolean;
}

/** The one cast of this package: the backend that a kernel is called with, or the reason why its memory cannot be shared. */
export function asWasmBackend(backend: unknown): WasmBackend | string {
  const candidate = backend as Partial<WasmBackend> | null | undefined;
  const module = candidate?.wasm as { asm?: { memory?: unknown }; wasmMemory?: { buffer?: unknown }; _malloc?: unknown; _free?: unknown; HEAPU8?: unknown } | null | undefined;
  if (module === undefined || module === null || typeof candidate?.makeOutput !== "function" || typeof candidate.incRef !== "function") return "it is not a BackendWasm as tfjs-backend-wasm 4.22 has it";
  const shared = typeof SharedArrayBuffer === "undefined" ? undefined : SharedArrayBuffer;
  const memory = module.asm?.memory;
  if (shared !== undefined && (module.wasmMemory?.buffer instanceof shared || (memory instanceof WebAssembly.Memory && memory.buffer instanceof shared))) return "it runs the threaded binary, whose memory is shared";
  if (!(memory instanceof WebAssembly.Memory)) return "its memory cannot be reached (another release of tfjs-backend-wasm?)";
  if (typeof module._malloc !== "function" || typeof module._free !== "function" || !(module.HEAPU8 instanceof Uint8Array)) return "its allocator cannot be reached (another release of tfjs-backend-wasm?)";
  return candidate as unknown as WasmBackend;
}

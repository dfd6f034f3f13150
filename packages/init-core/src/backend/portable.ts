// The backends that run in Node and in browsers. Every import() is a literal inside a try block: bundlers then take a missing
// optional package as a warning (esbuild, webpack) or a stub that throws (Vite), and the reason reaches the user at run time.
import type { BackendCandidate } from "./candidate.js";

interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly description?: string; readonly architecture?: string };
}
interface Gpu {
  requestAdapter(options?: { powerPreference?: string }): Promise<GpuAdapter | null>;
}

/** What is used of @warmstart/wasm-training, whose types need not be there. */
interface WasmTraining {
  readonly prepareTrainingKernels?: () => Promise<void>;
  readonly registerTrainingKernels?: () => { readonly accelerated?: boolean; readonly reason?: string };
}

/** Names of graphics drivers that compute on the processor. */
export const softwareRenderer = /swiftshader|llvmpipe|softpipe|basic render/i;

/** Throws unless WebGPU has an adapter. One made of software is slower than WebAssembly, and taken only when asked for. */
async function checkAdapter(preferred: boolean): Promise<void> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (gpu === undefined) throw new Error("navigator.gpu is missing: no WebGPU here");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("navigator.gpu is there, but it offers no adapter");
  const software = adapter.isFallbackAdapter === true || adapter.info?.isFallbackAdapter === true || softwareRenderer.test(`${adapter.info?.description ?? ""} ${adapter.info?.architecture ?? ""}`);
  if (software && !preferred) throw new Error('only a software adapter, slower than WebAssembly (useBackend({ prefer: "webgpu" }) takes it all the same)');
}

export const webgpu: BackendCandidate = {
  backend: "webgpu",
  package: "@tensorflow/tfjs-backend-webgpu",
  async load({ preferred }) {
    await checkAdapter(preferred); // first: the package throws on import where navigator is missing
    try {
      await import("@tensorflow/tfjs-backend-webgpu");
    } catch (error) {
      throw asError(error);
    }
  },
};

export const wasm: BackendCandidate = {
  backend: "wasm",
  package: "@tensorflow/tfjs-backend-wasm",
  async load({ wasmPaths }) {
    try {
      const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
      if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
    } catch (error) {
      throw asError(error);
    }
  },
  extend: {
    package: "@warmstart/wasm-training",
    async run() {
      try {
        const training: WasmTraining = await import("@warmstart/wasm-training");
        await training.prepareTrainingKernels?.(); // browsers may refuse to compile at once on the main thread
        const { accelerated, reason } = training.registerTrainingKernels?.() ?? { accelerated: false, reason: "this version has no registerTrainingKernels" };
        if (accelerated === false) throw new Error(reason ?? "its module does not run here");
      } catch (error) {
        throw asError(error);
      }
    },
  },
};

export const cpu: BackendCandidate = {
  backend: "cpu",
  package: "@tensorflow/tfjs-backend-cpu",
  async load() {
    try {
      await import("@tensorflow/tfjs-backend-cpu");
    } catch (error) {
      throw asError(error);
    }
  },
};

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

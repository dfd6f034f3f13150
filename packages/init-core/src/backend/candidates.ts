import type { BackendCandidate } from "./candidate.js";
import { cpu, wasm, webgpu } from "./portable.js";

// The name is not a literal: no bundler should follow it into a native add-on.
const load = (name: string): Promise<Record<string, unknown>> => import(/* webpackIgnore: true */ /* @vite-ignore */ name);

const native = (name: string): BackendCandidate => ({ backend: "tensorflow", package: name, load: async () => void (await load(name)) });

/** WebGPU in Node is the package "webgpu" (Dawn), which has to be put where browsers have it before the backend is imported. */
const webgpuInNode: BackendCandidate = {
  ...webgpu,
  async load(options) {
    const holder = globalThis as { navigator?: { gpu?: unknown } };
    if (holder.navigator?.gpu !== undefined) return webgpu.load(options);
    const dawn = await load("webgpu").catch(() => undefined);
    if (dawn === undefined) throw new Error("navigator.gpu is missing, and so is the package that brings it to Node (npm install webgpu)");
    Object.assign(globalThis, dawn.globals);
    const gpu = (dawn.create as (flags: string[]) => unknown)([]);
    const [owner, name, value] = holder.navigator === undefined ? [globalThis, "navigator", { gpu }] : [holder.navigator, "gpu", gpu];
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    try {
      await webgpu.load(options);
    } catch (error) {
      Reflect.deleteProperty(owner, name); // what is passed over leaves no browser behind that other code takes for one
      throw error;
    }
  },
};

/** Best first. */
export const candidates: readonly BackendCandidate[] = [native("@tensorflow/tfjs-node-gpu"), native("@tensorflow/tfjs-node"), webgpuInNode, wasm, cpu];

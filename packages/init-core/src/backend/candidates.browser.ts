// Takes the place of candidates.ts in the build for browsers (tsup.config.ts): no Node backend is named in this graph.
import type { BackendCandidate } from "./candidate.js";
import { asError, cpu, wasm, webgpu } from "./portable.js";

const webgl: BackendCandidate = {
  backend: "webgl",
  package: "@tensorflow/tfjs-backend-webgl",
  async load() {
    try {
      await import("@tensorflow/tfjs-backend-webgl");
    } catch (error) {
      throw asError(error);
    }
  },
};

/** Best first. */
export const candidates: readonly BackendCandidate[] = [webgpu, webgl, wasm, cpu];

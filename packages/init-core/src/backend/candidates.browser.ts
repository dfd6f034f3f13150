// Takes the place of candidates.ts in the build for browsers (tsup.config.ts): no Node backend is named in this graph.
import type { BackendCandidate } from "./candidate.js";
import { asError, cpu, softwareRenderer, wasm, webgpu } from "./portable.js";

/** Throws unless WebGL 2 is there. Made of software it is slower than WebAssembly, and taken only when asked for. */
function checkWebgl(preferred: boolean): void {
  if (typeof document === "undefined" && typeof OffscreenCanvas === "undefined") throw new Error("no canvas here, and so no WebGL");
  const canvas = typeof document === "undefined" ? new OffscreenCanvas(1, 1) : document.createElement("canvas");
  const context = canvas.getContext("webgl2") as WebGL2RenderingContext | null;
  if (context === null) throw new Error("no WebGL 2 here");
  // failIfMajorPerformanceCaveat is meant for this, but Chromium does not count SwiftShader among them.
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = String(context.getParameter(info === null ? context.RENDERER : info.UNMASKED_RENDERER_WEBGL));
  context.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep few contexts alive
  if (softwareRenderer.test(renderer) && !preferred) throw new Error('only WebGL made of software, slower than WebAssembly (useBackend({ prefer: "webgl" }) takes it all the same)');
}

const webgl: BackendCandidate = {
  backend: "webgl",
  package: "@tensorflow/tfjs-backend-webgl",
  async load({ preferred }) {
    checkWebgl(preferred);
    try {
      await import("@tensorflow/tfjs-backend-webgl");
    } catch (error) {
      throw asError(error);
    }
  },
};

/** Best first. */
export const candidates: readonly BackendCandidate[] = [webgpu, webgl, wasm, cpu];

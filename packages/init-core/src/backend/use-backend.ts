import { candidates } from "./candidates.js";
import { chooseBackend, type BackendChoice, type UseBackendOptions } from "./choose-backend.js";

/**
 * Starts the best backend that is installed and says why the better ones were passed over.
 *
 * In Node: `@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node`, WebGPU (`@tensorflow/tfjs-backend-webgpu` with the package
 * `webgpu`), WebAssembly (`@tensorflow/tfjs-backend-wasm`, with `@warmstart/wasm-training` where installed), cpu. In browsers:
 * WebGPU, WebGL, WebAssembly, cpu. Each is imported at run time, set, checked to be the one in use, and made to compute.
 *
 * A backend that is in use already (set by you, or by making a tensor) stays as it is, unless `prefer` is given. Gradients and
 * layers are not a backend's matter: import `@tensorflow/tfjs` beside it (`requireGradients` explains).
 *
 * @throws {WarmstartError} BACKEND when none could be started, with every reason; INVALID_OPTION for an unknown `prefer`.
 *
 * @example
 * const { backend, passedOver } = await useBackend();
 * for (const { name, reason } of passedOver) console.log(`not ${name}: ${reason}`);
 */
export function useBackend(options: UseBackendOptions = {}): Promise<BackendChoice> {
  return chooseBackend(candidates, options);
}

// Which backends the tests run on, and the one way to switch to one: tfjs goes on with cpu when setBackend fails, and looks green.
import * as tf from "@tensorflow/tfjs";
import { installWebgpu } from "./webgpu.js";

export type TestBackend = "wasm" | "tensorflow" | "cpu" | "webgpu";

const modules: Record<TestBackend, () => Promise<unknown>> = {
  cpu: () => import("@tensorflow/tfjs-backend-cpu"),
  wasm: () => import("@tensorflow/tfjs-backend-wasm"),
  tensorflow: () => import("@tensorflow/tfjs-node"),
  webgpu: async () => {
    await installWebgpu(); // first: the backend looks for navigator when it is imported
    return import("@tensorflow/tfjs-backend-webgpu");
  },
};

/** Makes `name` the backend of this process, or throws: never a silent fall back to cpu. */
export async function requireBackend(name: TestBackend): Promise<void> {
  tf.env().set("PROD", true);
  await modules[name]();
  if ((await tf.setBackend(name)) !== true) throw new Error(`requireBackend: setBackend("${name}") did not succeed`);
  await tf.ready();
  if (tf.getBackend() !== name) throw new Error(`requireBackend: asked for "${name}", tfjs went on with "${tf.getBackend()}"`);
}

/** Whether the packages of a backend are on this machine, and what they need: the C library for "tensorflow", an adapter for "webgpu". */
export async function backendAvailable(name: TestBackend): Promise<boolean> {
  try {
    await modules[name]();
    return true;
  } catch {
    return false;
  }
}

/** The backends and browsers that must be present: `WARMSTART_REQUIRE=wasm,tensorflow,chromium`. */
export function requiredBackends(): string[] {
  return (process.env.WARMSTART_REQUIRE ?? "").split(",").filter(Boolean);
}

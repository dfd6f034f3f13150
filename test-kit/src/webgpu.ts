// WebGPU in Node: Dawn (the package "webgpu") put where browsers have it. Correctness only: the driver is one made of software,
// unless VK_ICD_FILENAMES or VK_DRIVER_FILES names that of a graphics card.
import { existsSync } from "node:fs";

interface Gpu {
  requestAdapter(options?: { powerPreference?: string }): Promise<{ readonly info: { readonly description: string } } | null>;
}

/** SwiftShader, which Dawn accepts; it refuses Mesa's software driver of Debian 12. */
const softwareDrivers = ["/usr/lib/chromium/vk_swiftshader_icd.json", "/usr/lib/chromium-browser/vk_swiftshader_icd.json", "/opt/google/chrome/vk_swiftshader_icd.json"];

/** Names a driver for Vulkan's loader, which reads the environment when Dawn starts; the user's choice stays. */
function chooseDriver(): void {
  if (process.platform !== "linux" || process.env.VK_ICD_FILENAMES !== undefined || process.env.VK_DRIVER_FILES !== undefined) return;
  const driver = softwareDrivers.find((path) => existsSync(path));
  if (driver === undefined) throw new Error("no Vulkan driver: Debian's package chromium brings one made of software, VK_ICD_FILENAMES names another");
  process.env.VK_ICD_FILENAMES = driver;
}

/** Starts Dawn and asks it for an adapter; throws with the reason where there is none. */
async function startDawn(): Promise<{ gpu: Gpu; globals: object; adapter: string }> {
  chooseDriver();
  const { create, globals } = await import("webgpu");
  const gpu = create([]) as Gpu;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw new Error("Dawn found no adapter: it needs Vulkan's loader (Debian's package libvulkan1) and a driver that it accepts");
  return { gpu, globals, adapter: adapter.info.description };
}

/** Why there is no adapter on this machine, or undefined where there is one. Leaves globalThis as it was. */
export async function webgpuMissing(): Promise<string | undefined> {
  try {
    await startDawn();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Gives this process `navigator.gpu` and the classes of WebGPU; throws unless an adapter is really there. */
export async function installWebgpu(): Promise<void> {
  const holder = globalThis as { navigator?: { gpu?: unknown } };
  if (holder.navigator?.gpu !== undefined) return;
  const { gpu, globals } = await startDawn();
  Object.assign(globalThis, globals);
  if (holder.navigator === undefined) Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true, writable: true });
  else Object.defineProperty(holder.navigator, "gpu", { value: gpu, configurable: true });
}

import { engine, findBackendFactory, getGradient, getKernel, getKernelsForBackend, registerGradient, registerKernel, unregisterGradient, unregisterKernel, type KernelConfig } from "@tensorflow/tfjs-core";
import { withComplex } from "./complex-forms.js";
import { WasmTrainingError } from "./errors.js";
import { trainingKernels } from "./kernels/index.js";
import { compileModule } from "./module.js";
import { prepareRuntime, unavailableReason } from "./runtime.js";
import { kernelFuncOf } from "./training-kernel.js";

const backendName = "wasm";
// On the registered configuration itself, so that two copies of this package (ESM and CJS, say) see each other's work.
const replaced = Symbol.for("@warmstart/wasm-training/replaced");
type OurConfig = KernelConfig & { readonly [replaced]: KernelConfig | undefined };
const guarded = Symbol.for("@warmstart/wasm-training/guarded");
type GuardedConfig = KernelConfig & { readonly [guarded]: KernelConfig };

export interface RegisterOptions {
  /** Kernel names as tfjs has them, "BatchMatMul": register these alone. Default: all. */
  readonly only?: readonly string[];
  /** Leave these out. */
  readonly except?: readonly string[];
}

export interface Registration {
  /** Ours, now in place: of this call or an earlier one. */
  readonly registered: readonly string[];
  /** Whether the SIMD module runs on the backend's memory; undefined as long as no WebAssembly backend has been started. */
  readonly accelerated: boolean | undefined;
  /** Why it does not, where it does not: the kernels then pass every call on to those they replaced. */
  readonly reason?: string;
}

/**
 * Puts the training kernels of this package in front of those of tfjs' WebAssembly backend: faster ones where it has one, and the
 * missing ones where it has none. May be called before or after `tf.setBackend("wasm")`, and again: a second call changes nothing.
 * What they do not handle (int32 products, say) goes on to the kernel that was there before.
 *
 * @throws {WasmTrainingError} BACKEND when `@tensorflow/tfjs-backend-wasm` has not been imported; INVALID_OPTION for an unknown name.
 *
 * @example
 * import "@tensorflow/tfjs-backend-wasm";
 * await tf.setBackend("wasm");
 * registerTrainingKernels();
 */
export function registerTrainingKernels(options: RegisterOptions = {}): Registration {
  const wanted = select("registerTrainingKernels", options);
  if (!findBackendFactory(backendName)) {
    throw new WasmTrainingError("BACKEND", `registerTrainingKernels: tfjs has no backend "${backendName}". Import "@tensorflow/tfjs-backend-wasm" first; if that is done, it belongs to another copy of @tensorflow/tfjs-core.`);
  }
  setComplexGuards(false);
  for (const kernel of wanted) {
    const current = getKernel(kernel.name, backendName);
    if (isOurs(current) || (current !== undefined && kernel.mode === "add") || (current === undefined && kernel.mode === "replace")) continue;
    if (current !== undefined) unregisterKernel(kernel.name, backendName);
    const config: OurConfig = {
      kernelName: kernel.name,
      backendName,
      kernelFunc: kernelFuncOf(kernel, current?.kernelFunc),
      // The kernel that was there still serves what we pass on, so it is set up when a backend starts.
      ...(current?.setupFunc && { setupFunc: current.setupFunc }),
      ...(current?.disposeFunc && { disposeFunc: current.disposeFunc }),
      [replaced]: current,
    };
    registerKernel(config);
    if (kernel.gradient !== undefined && getGradient(kernel.name) === undefined) registerGradient(kernel.gradient);
  }
  setComplexGuards(isOurs(getKernel("Complex", backendName)));
  const registered = trainingKernels.map(({ name }) => name).filter((name) => isOurs(getKernel(name, backendName)));
  const backend = startedBackend();
  if (backend === undefined) return { registered, accelerated: undefined };
  const reason = unavailableReason(backend);
  return reason === undefined ? { registered, accelerated: true } : { registered, accelerated: false, reason };
}

/** Puts back the kernels that were there before, and removes those that were not. `only` and `except` as for registering. */
export function unregisterTrainingKernels(options: RegisterOptions = {}): void {
  const unwanted = select("unregisterTrainingKernels", options);
  setComplexGuards(false);
  for (const { name, gradient } of unwanted) {
    const current = getKernel(name, backendName);
    if (!isOurs(current)) continue;
    unregisterKernel(name, backendName);
    if (gradient !== undefined && getGradient(name) === gradient) unregisterGradient(name);
    if (current[replaced] !== undefined) registerKernel(current[replaced]);
  }
  setComplexGuards(isOurs(getKernel("Complex", backendName)));
}

/**
 * Compiles the module without blocking, and starts it on the WebAssembly backend if that is running. Browsers may refuse to
 * compile it at once on the main thread: `await prepareTrainingKernels()` after `tf.setBackend("wasm")`, before or after
 * registering. Not needed in Node and in workers. Never throws for want of SIMD or rights: `registerTrainingKernels()` tells.
 */
export async function prepareTrainingKernels(): Promise<void> {
  const backend = startedBackend();
  if (backend !== undefined) await prepareRuntime(backend);
  else await compileModule().catch(() => undefined);
}

/** The names of all kernels of this package. */
export const trainingKernelNames = (): string[] => trainingKernels.map(({ name }) => name);

function startedBackend(): object | undefined {
  return (engine().registry as Record<string, object | undefined>)[backendName];
}

/** As long as our `Complex` makes complex tensors, the backend's own kernels take them where they can, and throw where they cannot. */
function setComplexGuards(on: boolean): void {
  for (const config of getKernelsForBackend(backendName) as (KernelConfig | GuardedConfig)[]) {
    if (isOurs(config) || guarded in config === on) continue;
    const next = guarded in config ? config[guarded] : { ...config, kernelFunc: withComplex(config.kernelName, config.kernelFunc), [guarded]: config };
    unregisterKernel(config.kernelName, backendName);
    registerKernel(next);
  }
}

function isOurs(config: KernelConfig | undefined): config is OurConfig {
  return config !== undefined && replaced in config;
}

function select(where: string, { only, except = [] }: RegisterOptions): typeof trainingKernels {
  const known = new Set(trainingKernelNames());
  for (const [option, names] of Object.entries({ only: only ?? [], except })) {
    const unknown = names.find((name) => !known.has(name));
    if (unknown !== undefined) throw new WasmTrainingError("INVALID_OPTION", `${where}: ${option} must list kernels of this package, got "${unknown}". They are ${[...known].join(", ")}.`, { [option]: names });
  }
  return trainingKernels.filter(({ name }) => (only === undefined || only.includes(name)) && !except.includes(name));
}

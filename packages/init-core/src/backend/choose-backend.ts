import * as tf from "@tensorflow/tfjs-core";
import { WarmstartError } from "../errors.js";
import { reasonOf, type BackendCandidate } from "./candidate.js";

export interface UseBackendOptions {
  /**
   * Tried first, in this order: a backend's name ("tensorflow", "webgpu", "webgl", "wasm", "cpu") or a package's, or several.
   * Also replaces a backend that is active already; naming that one keeps it, and WebAssembly gets the training kernels then. When none can be had the others follow, and `passedOver` says why.
   */
  readonly prefer?: string | readonly string[];
  /** Where a browser finds the .wasm files: a folder with a closing slash, or file name → URL. As `setWasmPaths` of tfjs-backend-wasm. */
  readonly wasmPaths?: string | Readonly<Record<string, string>>;
}

export interface BackendChoice {
  /** The name tfjs knows it by: `tf.getBackend()`. */
  readonly backend: string;
  /** The package it came from; "already active" for one that was set before the call. */
  readonly package: string;
  /** Better ones, and why each was not taken. */
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
  /** Whether convolutions and embeddings can be trained: the kernels of their gradients are there. */
  readonly trainingKernels: boolean;
}

export async function chooseBackend(candidates: readonly BackendCandidate[], { prefer, wasmPaths }: UseBackendOptions): Promise<BackendChoice> {
  const wanted = typeof prefer === "string" ? [prefer] : (prefer ?? []);
  const found = wanted.map((name) => named(name, candidates));
  const active = activeBackend();
  // The one in use is where the search ends, so that names after it are not tried.
  const preferred = [...new Set(found.slice(0, active !== undefined && wanted.includes(active) ? wanted.indexOf(active) : wanted.length).flat())];
  if (wanted.length === 0 && active !== undefined) return keep(active, candidates, []);

  const passedOver: { name: string; reason: string }[] = [];
  const rest = candidates.filter((candidate) => !preferred.includes(candidate));
  for (const candidate of active === undefined ? [...preferred, ...rest] : preferred) {
    try {
      await candidate.load({ wasmPaths, preferred: preferred.includes(candidate) });
      await activate(candidate.backend);
    } catch (error) {
      passedOver.push({ name: candidate.package, reason: reasonOf(error, candidate.package) });
      continue;
    }
    passedOver.push(...(await extend(candidate)));
    return { backend: candidate.backend, package: candidate.package, passedOver, trainingKernels: hasTrainingKernels(candidate.backend) };
  }
  if (active !== undefined) {
    await activate(active);
    // Asked for by name, it gets what it would have got here; untouched it stays only where nobody asked.
    for (const candidate of found.flat()) if (candidate.backend === active) passedOver.push(...(await extend(candidate)));
    return keep(active, [], passedOver);
  }
  const reasons = passedOver.map(({ name, reason }) => `  ${name}: ${reason}`).join("\n");
  throw new WarmstartError("BACKEND", `useBackend: no backend could be started.\n${reasons}\nInstall one: @tensorflow/tfjs-backend-wasm runs everywhere.`, { passedOver });
}

/** What a backend gets beside itself, the training kernels say; or why it does not. */
async function extend({ extend: addition }: BackendCandidate): Promise<{ name: string; reason: string }[]> {
  if (addition === undefined) return [];
  try {
    await addition.run();
    return [];
  } catch (error) {
    return [{ name: addition.package, reason: reasonOf(error, addition.package) }];
  }
}

/** Candidates of that backend or package. */
function named(name: string, candidates: readonly BackendCandidate[]): BackendCandidate[] {
  const found = candidates.filter((candidate) => candidate.backend === name || candidate.package === name);
  if (found.length > 0) return found;
  const names = candidates.map((candidate) => `"${candidate.backend}" (${candidate.package})`).join(", ");
  throw new WarmstartError("INVALID_OPTION", `useBackend: prefer must be one of ${names}, got "${name}". Leave it out to get the best that is installed.`, { prefer: name });
}

/** The backend in use, if one is. Setting one that failed leaves its name behind, without an instance. */
function activeBackend(): string | undefined {
  const { backendName, registry } = tf.engine();
  return registry[backendName] === undefined ? undefined : backendName;
}

function keep(active: string, candidates: readonly BackendCandidate[], passedOver: { name: string; reason: string }[]): BackendChoice {
  const better = candidates.slice(0, Math.max(0, candidates.findIndex(({ backend }) => backend === active)));
  const reason = `"${active}" was active before the call and is used as it is; useBackend({ prefer: … }) replaces it`;
  return { backend: active, package: "already active", passedOver: [...passedOver, ...better.map((candidate) => ({ name: candidate.package, reason }))], trainingKernels: hasTrainingKernels(active) };
}

/** Makes `backend` the one in use, or throws: tfjs itself goes on with another one when setting fails. */
async function activate(backend: string): Promise<void> {
  if (!tf.findBackendFactory(backend)) throw new Error(`the package was imported, but registered no backend "${backend}"; it may hold another copy of @tensorflow/tfjs-core`);
  if ((await tf.setBackend(backend)) !== true) throw new Error(`tf.setBackend("${backend}") did not succeed`);
  await tf.ready();
  if (tf.getBackend() !== backend) throw new Error(`tf.setBackend("${backend}") succeeded, but "${tf.getBackend()}" is in use`);
  const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[4], [5], [6]])));
  try {
    const value = (await product.data())[0];
    if (value !== 32) throw new Error(`it computes 1·4 + 2·5 + 3·6 = ${value}`);
  } finally {
    product.dispose();
  }
}

function hasTrainingKernels(backend: string): boolean {
  return ["Conv2DBackpropFilter", "UnsortedSegmentSum"].every((name) => tf.getKernel(name, backend) !== undefined);
}

import { moduleBase64 } from "./generated/module.js";

/** The functions of assembly/index.ts. All offsets are bytes in the backend's memory, all sizes elements. */
export interface ModuleExports {
  gemmScratchBytes(m: number, n: number, k: number, transposeA: boolean): number;
  gemm(batch: number, m: number, n: number, k: number, a: number, strideA: number, transposeA: boolean, b: number, strideB: number, transposeB: boolean, c: number, scratch: number, bias: number, activation: number, alpha: number): void;
}

let compiled: WebAssembly.Module | undefined;

const moduleBytes = (): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(moduleBase64), (character) => character.charCodeAt(0));
const imports = (memory: WebAssembly.Memory): WebAssembly.Imports => ({ env: { memory } });
const exportsOf = (instance: WebAssembly.Instance): ModuleExports => instance.exports as unknown as ModuleExports;

/** Compiles once, at once. Throws where SIMD is missing, where a page forbids it (CSP), or where a main thread refuses to compile this much. */
export function instantiateSync(memory: WebAssembly.Memory): ModuleExports {
  compiled ??= new WebAssembly.Module(moduleBytes());
  return exportsOf(new WebAssembly.Instance(compiled, imports(memory)));
}

/** The same without blocking: what browsers want on the main thread. */
export async function compileModule(): Promise<void> {
  compiled ??= await WebAssembly.compile(moduleBytes());
}

/** An instance on `memory`, made without blocking. */
export async function instantiate(memory: WebAssembly.Memory): Promise<ModuleExports> {
  await compileModule();
  return exportsOf(await WebAssembly.instantiate(compiled!, imports(memory)));
}

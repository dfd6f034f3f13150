import { moduleBase64 } from "./generated/module.js";

/** The functions of assembly/index.ts. All offsets are bytes in the backend's memory, all sizes elements. */
export interface ModuleExports {
  gemmScratchBytes(m: number, n: number, k: number, transposeA: boolean): number;
  gemm(batch: number, m: number, n: number, k: number, a: number, strideA: number, transposeA: boolean, b: number, strideB: number, transposeB: boolean, c: number, scratch: number, bias: number, activation: number, alpha: number): void;
  /** `table`: four int32 an outer axis: size, steps in x and y in bytes, 0. Modes and blocks: {@link stridedCopy}. */
  stridedCopy(table: number, axes: number, mode: number, x: number, y: number, p: number, q: number, rowX: number, rowY: number): void;
  sum(x: number, y: number, outer: number, axis: number, inner: number, divisor: number): void;
  /** The first position whose index is out of range, or -1. */
  gatherRows(x: number, indices: number, y: number, outer: number, rows: number, count: number, size: number): number;
  segmentSum(x: number, ids: number, y: number, count: number, size: number, segments: number): void;
  segmentSumInt(x: number, ids: number, y: number, count: number, size: number, segments: number): void;
  exp(x: number, y: number, n: number): void;
  tanh(x: number, y: number, n: number): void;
  erf(x: number, y: number, n: number): void;
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

import { moduleBase64 } from "./generated/module.js";

/** The functions of assembly/index.ts. All offsets are bytes in the backend's memory, all sizes elements. */
export interface ModuleExports {
  gemmScratchBytes(m: number, n: number, k: number, transposeA: boolean): number;
  gemm(batch: number, m: number, n: number, k: number, a: number, strideA: number, transposeA: boolean, b: number, strideB: number, transposeB: boolean, c: number, scratch: number, bias: number, activation: number, alpha: number): void;
  activateBlock(c: number, m: number, n: number, bias: number, activation: number, alpha: number): void;
  padRows(x: number, to: number, first: number, rows: number, height: number, rowX: number, before: number, bytes: number, after: number): void;
  packColumns(b: number, n: number, k: number, to: number): void;
  packTaps(filter: number, taps: number, count: number, n: number, k: number, to: number): void;
  /** `pixels`: two int32 a pixel, `runs`: two int32 a run, as in conv2d-sweep.ts. `count` is a multiple of 4. */
  convolve(source: number, pixels: number, count: number, runs: number, runCount: number, panels: number, k: number, target: number, n: number, scratch: number): void;
  convolveFilter(source: number, pixels: number, count: number, runs: number, runCount: number, panels: number, gradient: number, n: number, scratch: number): void;
  /** `taps`: two int32 a tap: offsets in the source and in the filter. */
  depthwise(source: number, pixels: number, count: number, taps: number, tapCount: number, filter: number, target: number, channels: number): void;
  depthwise3x3(source: number, zeros: number, images: number, height: number, width: number, originY: number, originX: number, rows: number, columns: number, taps: number, filter: number, target: number, channels: number): void;
  depthwiseFilter(source: number, imagePitch: number, stepRow: number, stepColumn: number, images: number, rows: number, columns: number, taps: number, tapCount: number, dy: number, gradient: number, channels: number): void;
  depthwiseFilter3x3(source: number, zeros: number, images: number, height: number, width: number, originY: number, originX: number, rows: number, columns: number, dy: number, gradient: number, channels: number): void;
  /** Operations: row-vector.ts. */
  combineRows(operation: number, x: number, row: number, y: number, outer: number, inner: number): void;
  normalizeRows(x: number, y: number, outer: number, inner: number, mean: number, scale: number, offset: number): void;
  /** `table`: four int32 an outer axis: size, steps in x and y in bytes, 0. Modes and blocks: {@link stridedCopy}. */
  stridedCopy(table: number, axes: number, mode: number, x: number, y: number, p: number, q: number, rowX: number, rowY: number): void;
  sum(x: number, y: number, outer: number, axis: number, inner: number, divisor: number): void;
  /** The first position whose index is out of range, or -1. */
  gatherRows(x: number, indices: number, y: number, outer: number, rows: number, count: number, size: number): number;
  segmentSum(x: number, ids: number, y: number, count: number, size: number, segments: number): void;
  segmentSumInt(x: number, ids: number, y: number, count: number, size: number, segments: number): void;
  maxPoolGrad(x: number, dy: number, dx: number, batch: number, inHeight: number, inWidth: number, outHeight: number, outWidth: number, channels: number, strideY: number, strideX: number, height: number, width: number, padTop: number, padLeft: number): void;
  momentumStep(variable: number, momentum: number, gradient: number, m: number, out: number, size: number, decay: number, fresh: number, keep: number, rate: number): void;
  exp(x: number, y: number, n: number): void;
  tanh(x: number, y: number, n: number): void;
  erf(x: number, y: number, n: number): void;
  interleave(re: number, im: number, y: number, n: number): void;
  everySecond(x: number, y: number, n: number): void;
  complexAbs(x: number, y: number, n: number): void;
  complexMultiply(a: number, b: number, y: number, rows: number, n: number): void;
  fft(x: number, y: number, rows: number, n: number, inverse: boolean, scale: number, twiddles: number, work: number): void;
  bluestein(x: number, y: number, rows: number, n: number, m: number, before: number, filter: number, after: number, twiddles: number, work: number): void;
  csrMultiply(pointers: number, indices: number, values: number, x: number, y: number, rows: number, d: number): void;
  csrMultiplyTransposed(pointers: number, indices: number, values: number, x: number, y: number, rows: number, columns: number, d: number): void;
  csrSampled(pointers: number, indices: number, a: number, b: number, y: number, rows: number, d: number): void;
}

const compiled: { own?: WebAssembly.Module; shared?: WebAssembly.Module } = {};
type Kind = keyof typeof compiled;

const isShared = (memory: WebAssembly.Memory): boolean => typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
const kindOf = (memory: WebAssembly.Memory): Kind => (isShared(memory) ? "shared" : "own");

function moduleBytes(kind: Kind): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(moduleBase64), (character) => character.charCodeAt(0));
  return kind === "own" ? bytes : importSharedMemory(bytes);
}

/**
 * The same module for a memory that threads share, as tfjs' threaded binary has in cross-origin isolated pages. Only the type of
 * the one import differs: `01 03 env 06 memory 02`, then flags and limits.
 */
function importSharedMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = [6, ...Array.from("memory", (character) => character.charCodeAt(0)), 2];
  const start = bytes.findIndex((_, at) => name.every((byte, i) => bytes[at + i] === byte));
  const limits = start + name.length;
  const result = Uint8Array.of(...bytes.subarray(0, limits), 3, 0, 0x80, 0x80, 4, ...bytes.subarray(limits + 2)); // shared, from 0 to 65536 pages
  result[start - 6]! += 3; // the section's length
  return result;
}

const imports = (memory: WebAssembly.Memory): WebAssembly.Imports => ({ env: { memory } });
const exportsOf = (instance: WebAssembly.Instance): ModuleExports => instance.exports as unknown as ModuleExports;

/** Compiles once, at once. Throws where SIMD is missing, where a page forbids it (CSP), or where a main thread refuses to compile this much. */
export function instantiateSync(memory: WebAssembly.Memory): ModuleExports {
  const kind = kindOf(memory);
  compiled[kind] ??= new WebAssembly.Module(moduleBytes(kind));
  return exportsOf(new WebAssembly.Instance(compiled[kind], imports(memory)));
}

/** The same without blocking: what browsers want on the main thread. Without a memory: for one that is not shared. */
export async function compileModule(memory?: WebAssembly.Memory): Promise<WebAssembly.Module> {
  const kind = memory === undefined ? "own" : kindOf(memory);
  return (compiled[kind] ??= await WebAssembly.compile(moduleBytes(kind)));
}

/** An instance on `memory`, made without blocking. */
export async function instantiate(memory: WebAssembly.Memory): Promise<ModuleExports> {
  return exportsOf(await WebAssembly.instantiate(await compileModule(memory), imports(memory)));
}

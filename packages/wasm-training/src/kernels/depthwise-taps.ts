import type { Runtime } from "../runtime.js";
import type { Sweep } from "./conv2d-sweep.js";

/** The table that the loops of assembly/depthwise.ts read: of each tap the offsets in the source and in the filter. */
export function writeTaps(runtime: Runtime, table: number, { taps }: Sweep, pitch: number, pixel: number): void {
  runtime.ints(table, taps.length * 2).set(taps.flatMap(({ y, x, index }) => [y * pitch + x * pixel, index * pixel]));
}

/** Lends a row of zeros: what lies above and below an image. */
export function withZeroRow(runtime: Runtime, bytes: number, f: (zeros: number) => void): void {
  runtime.withScratch(bytes, (zeros) => {
    runtime.floats(zeros, bytes / 4).fill(0);
    f(zeros);
  });
}

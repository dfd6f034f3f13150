import type { TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf, type Runtime } from "../runtime.js";
import { stridedCopy } from "../strided-copy.js";
import { eachBlock, type Sweep } from "./conv2d-sweep.js";

/**
 * `to`: the sums of a sweep's taps, channel by channel. Source and target have the same channels.
 *
 * @param neighbours whether the taps are 3 × 3 pixels side by side, and the sweep steps pixel by pixel over all of the target.
 */
export function sumTaps(runtime: Runtime, sweep: Sweep, neighbours: boolean, batch: number, source: number, filter: number, to: number, channels: number): void {
  const { module } = runtime;
  const bytes = channels * 4;
  const count = sweep.taps.length;
  runtime.withScratch(count * 8, (taps) => {
    if (neighbours) {
      writeTaps(runtime, taps, sweep, sweep.width * bytes, bytes);
      withZeroRow(runtime, sweep.width * bytes, (zeros) => module.depthwise3x3(source, zeros, batch, sweep.height, sweep.width, sweep.originY, sweep.originX, sweep.rows, sweep.columns, taps, filter, to, channels));
      return;
    }
    eachBlock(runtime, sweep, batch, source, { source: bytes, target: bytes }, (block) => {
      writeTaps(runtime, taps, sweep, block.pitch, bytes);
      module.depthwise(block.source, block.pixels, block.count, taps, count, filter, to + block.target, channels);
    });
  });
}

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

/** Lends x with each of its channels repeated, so that source and result of a sweep have the same channels. */
export function withRepeatedChannels(runtime: Runtime, x: TensorInfo, multiplier: number, f: (repeated: number) => void): void {
  const at = runtime.offset(x);
  if (multiplier === 1) return f(at);
  const size = sizeOf(x.shape);
  runtime.withScratch(Math.max(4, size * multiplier * 4), (repeated) => {
    if (size > 0) stridedCopy(runtime, at, repeated, [{ size, step: 1 }, { size: multiplier, step: 0 }]); // prettier-ignore
    f(repeated);
  });
}

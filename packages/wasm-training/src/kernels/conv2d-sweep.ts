import type { Runtime } from "../runtime.js";
import type { Geometry } from "./conv2d-geometry.js";

/** What target pixel (row, column) reads: source pixels (origin + row · step + tap). It may lie outside of the source, and is zero there. */
export interface Sweep {
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  readonly stepY: number;
  readonly stepX: number;
  readonly originY: number;
  readonly originX: number;
  /** In the order of the filter's rows of the product; `index` is the place in the filter. None is before the origin. */
  readonly taps: readonly { readonly y: number; readonly x: number; readonly index: number }[];
  /** Where the target pixels go, counted in pixels. */
  readonly target: { readonly first: number; readonly image: number; readonly row: number; readonly column: number };
}

/** Of the convolution itself, and of the gradient of its filter: from x to y. */
export function forwardSweep(g: Geometry): Sweep {
  const taps = Array.from({ length: g.filterHeight * g.filterWidth }, (_, index) => ({ y: Math.floor(index / g.filterWidth) * g.dilationHeight, x: (index % g.filterWidth) * g.dilationWidth, index }));
  return {
    height: g.inHeight, width: g.inWidth, rows: g.outHeight, columns: g.outWidth, stepY: g.strideHeight, stepX: g.strideWidth, originY: -g.top, originX: -g.left, taps,
    target: { first: 0, image: g.outHeight * g.outWidth, row: g.outWidth, column: 1 },
  }; // prettier-ignore
}

/**
 * Of the gradient of the input, from dy to dx. The pixels of dx that lie a whole stride apart meet the same taps, so that each
 * of the strideHeight · strideWidth classes is a convolution of dy without stride. A class may have no taps: zeros.
 */
export function backwardSweeps(g: Geometry): Sweep[] {
  const sweeps: Sweep[] = [];
  const alongY = classes(g.strideHeight, g.inHeight, g.filterHeight, g.dilationHeight, g.top);
  const alongX = classes(g.strideWidth, g.inWidth, g.filterWidth, g.dilationWidth, g.left);
  for (const y of alongY) {
    for (const x of alongX) {
      sweeps.push({
        height: g.outHeight, width: g.outWidth, rows: y.count, columns: x.count, stepY: 1, stepX: 1, originY: y.origin, originX: x.origin,
        taps: y.taps.flatMap((i) => x.taps.map((j) => ({ y: i.at, x: j.at, index: i.index * g.filterWidth + j.index }))),
        target: { first: y.first * g.inWidth + x.first, image: g.inHeight * g.inWidth, row: g.strideHeight * g.inWidth, column: g.strideWidth },
      }); // prettier-ignore
    }
  }
  return sweeps;
}

/** Positions first, first + stride, … of dx, and the taps i for which dy is read at (position + before - i · dilation) / stride. */
function classes(stride: number, size: number, filter: number, dilation: number, before: number): { first: number; count: number; origin: number; taps: { at: number; index: number }[] }[] {
  return Array.from({ length: Math.min(stride, size) }, (_, first) => {
    const taps = Array.from({ length: filter }, (_, i) => ({ at: (first + before - i * dilation) / stride, index: i })).filter(({ at }) => Number.isInteger(at)).toReversed();
    const origin = taps[0]?.at ?? 0;
    return { first, count: Math.ceil((size - first) / stride), origin, taps: taps.map(({ at, index }) => ({ at: at - origin, index })) };
  });
}

/** Some target pixels, row by row, and their source in memory; all in bytes but the counts. */
export interface Block {
  readonly source: number;
  /** From one source row to the next, and from one image to the next. */
  readonly pitch: number;
  readonly imagePitch: number;
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
  readonly count: number;
  /** Offsets in source and target of each of them, up to a multiple of 4 (the last is repeated). */
  readonly pixels: number;
  /** Offset and length of each run of taps that lie side by side. */
  readonly runs: number;
  readonly runCount: number;
  /** The first of them, as an offset in the whole target. */
  readonly target: number;
}

/** A tile of results: the scratch memory that every loop of the module needs at the beginning of its own. */
export const TILE_BYTES = 128;

/** Bytes of a `"k n"` matrix in panels of 8 columns. */
export const panelBytes = (n: number, k: number): number => Math.ceil(n / 8) * 32 * k;

/** So many pixels a block, about: its part of source and target then stays in the second-level cache. */
const BLOCK = 256;

/**
 * Goes through a sweep block by block. Where taps lie outside of the source, the block's part of it is copied between zeros first.
 *
 * @param x where the source lies. @param channels bytes of a pixel in the source and in the target.
 */
export function eachBlock(runtime: Runtime, sweep: Sweep, batch: number, x: number, channels: { readonly source: number; readonly target: number }, visit: (block: Block) => void): void {
  const { height, width, stepY, stepX, originY, originX, taps, target } = sweep;
  const columns = split(sweep.columns, BLOCK);
  const rows = columns < sweep.columns ? 1 : split(sweep.rows, Math.floor(BLOCK / columns));
  const images = rows < sweep.rows || columns < sweep.columns ? 1 : split(batch, Math.floor(BLOCK / (columns * rows)));
  const reachY = Math.max(...taps.map(({ y }) => y)) + 1;
  const reachX = Math.max(...taps.map(({ x }) => x)) + 1;
  const padded = originY < 0 || originX < 0 || originY + (sweep.rows - 1) * stepY + reachY > height || originX + (sweep.columns - 1) * stepX + reachX > width;
  const pitch = (padded ? (columns - 1) * stepX + reachX : width) * channels.source;
  const imagePitch = (padded ? (rows - 1) * stepY + reachY : height) * pitch;
  const runs = runsOf(taps, pitch, channels.source);
  const pixelBytes = (images * rows * columns + 3) * 8;
  const runBytes = runs.length * 8;
  runtime.withScratch(pixelBytes + runBytes + (padded ? images * imagePitch : 0), (pixels) => {
    const runTable = pixels + pixelBytes;
    const copy = runTable + runBytes;
    runtime.ints(runTable, runs.length * 2).set(runs.flat());
    let written = "";
    for (let n = 0; n < batch; n += images) {
      for (let r = 0; r < sweep.rows; r += rows) {
        for (let c = 0; c < sweep.columns; c += columns) {
          const size = { images: Math.min(images, batch - n), rows: Math.min(rows, sweep.rows - r), columns: Math.min(columns, sweep.columns - c) };
          const count = size.images * size.rows * size.columns;
          const shape = `${size.images} ${size.rows} ${size.columns}`;
          if (shape !== written) {
            writePixels(runtime.ints(pixels, (count + 3) * 2), size, { image: imagePitch, row: stepY * pitch, column: stepX * channels.source }, target, channels.target);
            written = shape;
          }
          const top = originY + r * stepY;
          const left = originX + c * stepX;
          let source = x + ((n * height + top) * width + left) * channels.source;
          if (padded) {
            source = copy;
            // Of a row: pixels before the source, in it, and after it.
            const wide = pitch / channels.source;
            const before = Math.min(wide, Math.max(0, -left));
            const inside = Math.max(0, Math.min(width, left + wide) - Math.max(0, left));
            const from = Math.max(0, left) * channels.source;
            const lines = (size.rows - 1) * stepY + reachY;
            for (let i = 0; i < size.images; i++) runtime.module.padRows(x + (n + i) * height * width * channels.source + from, copy + i * imagePitch, top, lines, height, width * channels.source, before * channels.source, inside * channels.source, (wide - before - inside) * channels.source);
          }
          visit({ ...size, count, source, pitch, imagePitch, pixels, runs: runTable, runCount: runs.length, target: (target.first + n * target.image + r * target.row + c * target.column) * channels.target });
        }
      }
    }
  });
}

/** Parts of `size` that are about equal and at most `most`. */
function split(size: number, most: number): number {
  return Math.ceil(size / Math.ceil(size / Math.max(1, most)));
}

function runsOf(taps: Sweep["taps"], pitch: number, pixel: number): [offset: number, length: number][] {
  const runs: [number, number][] = [];
  for (const { y, x } of taps) {
    const offset = y * pitch + x * pixel;
    const last = runs.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += pixel;
    else runs.push([offset, pixel]);
  }
  return runs;
}

interface Steps {
  readonly image: number;
  readonly row: number;
  readonly column: number;
}

function writePixels(table: Int32Array, size: { readonly images: number; readonly rows: number; readonly columns: number }, source: Steps, target: Steps, targetPixel: number): void {
  let at = 0;
  for (let i = 0; i < size.images; i++)
    for (let r = 0; r < size.rows; r++)
      for (let c = 0; c < size.columns; c++) {
        table[at++] = i * source.image + r * source.row + c * source.column;
        table[at++] = (i * target.image + r * target.row + c * target.column) * targetPixel;
      }
  for (; at < table.length; at += 2) table.copyWithin(at, at - 2, at);
}

// Convolutions over NHWC as products that are never written down: a row of the im2col matrix is, for each row of the filter, a
// run of the (zero-padded) source that lies in one piece. So a block of target pixels is two tables, made by
// src/kernels/conv2d-sweep.ts: where each pixel's taps begin and where its result goes, and the runs, as offsets from there.
// All in bytes but the counts.
import { COLUMNS, copyTile, madd, packB, packTransposedB, ROWS, tile, TILE_BYTES } from "./gemm";

/** `rows` rows from row `first` of `x`, each `bytes` long between zeros; those outside of `0..height` are zero throughout. */
export function padRows(x: usize, to: usize, first: i32, rows: i32, height: i32, rowX: usize, before: usize, bytes: usize, after: usize): void {
  const row = before + bytes + after;
  for (let y = first; y < first + rows; ++y) {
    if (y < 0 || y >= height) to = fillZeros(to, row);
    else {
      to = fillZeros(to, before);
      copyBytes(x + <usize>y * rowX, to, bytes);
      to = fillZeros(to + bytes, after);
    }
  }
}

// Loops, since memory.fill and memory.copy are calls out of the module, and these pieces are short.
// @ts-ignore: decorator
@inline
function fillZeros(to: usize, bytes: usize): usize {
  const wide: usize = bytes & ~15;
  let i: usize = 0;
  for (; i != wide; i += 16) v128.store(to + i, i32x4.splat(0));
  for (; i != bytes; i += 4) store<u32>(to + i, 0);
  return to + bytes;
}

// @ts-ignore: decorator
@inline
function copyBytes(from: usize, to: usize, bytes: usize): void {
  const wide: usize = bytes & ~15;
  let i: usize = 0;
  for (; i != wide; i += 16) v128.store(to + i, v128.load(from + i));
  for (; i != bytes; i += 4) store<u32>(to + i, load<u32>(from + i));
}

/** `"k n"` in panels of 8 columns: the filter as the forward convolution reads it, or the rows of dy for the gradient of a filter. */
export function packColumns(b: usize, n: i32, k: i32, to: usize): void {
  packB(b, n, k, n, to);
}

/** A filter `"taps n k"` as the gradient of the input reads it: panels of 8 of the n, through the taps listed, each transposed. */
export function packTaps(filter: usize, taps: usize, count: i32, n: i32, k: i32, to: usize): void {
  const tapBytes: usize = (<usize>n * k) << 2;
  const rowBytes: usize = <usize>k << 2;
  for (let j = 0; j < n; j += COLUMNS) {
    for (let t = 0; t < count; ++t) {
      packTransposedB(filter + load<usize>(taps + (<usize>t << 2)) * tapBytes + <usize>j * rowBytes, k, k, min(COLUMNS, n - j), to);
      to += rowBytes * COLUMNS;
    }
  }
}

/**
 * Target pixels, four at a time, by 8 channels: `pixels` holds offsets in source and target for `count` of them, a multiple of
 * 4; `runs` offset and length of each run; `panels` the packed filter, `k` deep; `n` channels.
 */
export function convolve(source: usize, pixels: usize, count: i32, runs: usize, runCount: i32, panels: usize, k: i32, target: usize, n: i32, scratch: usize): void {
  const lastRun = runs + (<usize>runCount << 3);
  const lastPixel = pixels + (<usize>count << 3);
  for (let j = 0; j < n; j += COLUMNS) {
    const whole = n - j >= COLUMNS;
    for (let at = pixels; at != lastPixel; at += 32) {
      const a0 = source + load<usize>(at), a1 = source + load<usize>(at, 8), a2 = source + load<usize>(at, 16), a3 = source + load<usize>(at, 24);
      const c0 = target + load<usize>(at, 4), c1 = target + load<usize>(at, 12), c2 = target + load<usize>(at, 20), c3 = target + load<usize>(at, 28);
      if (whole) tileOfRuns(a0, a1, a2, a3, runs, lastRun, panels, c0, c1, c2, c3);
      else {
        tileOfRuns(a0, a1, a2, a3, runs, lastRun, panels, scratch, scratch + 32, scratch + 64, scratch + 96);
        copyTile(scratch, c0, 0, 1, n - j, false);
        copyTile(scratch + 32, c1, 0, 1, n - j, false);
        copyTile(scratch + 64, c2, 0, 1, n - j, false);
        copyTile(scratch + 96, c3, 0, 1, n - j, false);
      }
    }
    panels += <usize>k << 5;
    target += 32;
  }
}

/** The tile of gemm.ts over runs; its four rows go where they belong. */
function tileOfRuns(a0: usize, a1: usize, a2: usize, a3: usize, run: usize, lastRun: usize, b: usize, c0: usize, c1: usize, c2: usize, c3: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; run != lastRun; run += 8) {
    const offset = load<usize>(run);
    const length = load<usize>(run, 4);
    const r0 = a0 + offset, r1 = a1 + offset, r2 = a2 + offset, r3 = a3 + offset;
    for (let p: usize = 0; p != length; p += 4) {
      const at = b + p * 8;
      const b0 = v128.load(at), b1 = v128.load(at, 16);
      let x = v128.load_splat<f32>(r0 + p);
      c00 = madd(c00, x, b0), c01 = madd(c01, x, b1);
      x = v128.load_splat<f32>(r1 + p);
      c10 = madd(c10, x, b0), c11 = madd(c11, x, b1);
      x = v128.load_splat<f32>(r2 + p);
      c20 = madd(c20, x, b0), c21 = madd(c21, x, b1);
      x = v128.load_splat<f32>(r3 + p);
      c30 = madd(c30, x, b0), c31 = madd(c31, x, b1);
    }
    b += length * 8;
  }
  v128.store(c0, c00), v128.store(c0, c01, 16);
  v128.store(c1, c10), v128.store(c1, c11, 16);
  v128.store(c2, c20), v128.store(c2, c21, 16);
  v128.store(c3, c30), v128.store(c3, c31, 16);
}

/**
 * Adds to the gradient `"k n"` of a filter what `count` pixels give: their taps, packed four channels at a time, transposed,
 * times dy in panels. Scratch: a tile and 16 bytes a pixel.
 */
export function convolveFilter(source: usize, pixels: usize, count: i32, runs: usize, runCount: i32, panels: usize, gradient: usize, n: i32, scratch: usize): void {
  const packed = scratch + TILE_BYTES;
  const lastRun = runs + (<usize>runCount << 3);
  const row: usize = <usize>n << 2;
  const panel: usize = <usize>count << 5;
  for (; runs != lastRun; runs += 8) {
    const from = source + load<usize>(runs);
    const channels = <i32>(load<usize>(runs, 4) >> 2);
    for (let c = 0; c < channels; c += ROWS) {
      const rows = min(ROWS, channels - c);
      packPixels(from + (<usize>c << 2), pixels, count, rows, packed);
      let b = panels;
      for (let j = 0; j < n; j += COLUMNS) {
        const columns = min(COLUMNS, n - j);
        const to = gradient + (<usize>j << 2);
        if (rows == ROWS && columns == COLUMNS) tile<v128, v128>(packed, packed + 4, packed + 8, packed + 12, b, 0, count, to, row, true);
        else {
          tile<v128, v128>(packed, packed + 4, packed + 8, packed + 12, b, 0, count, scratch, 32, false);
          copyTile(scratch, to, row, rows, columns, true);
        }
        b += panel;
      }
      gradient += row * rows;
    }
  }
}

/** `channels` (at most 4) of each pixel, as four lanes. */
function packPixels(from: usize, pixels: usize, count: i32, channels: i32, to: usize): void {
  const end = pixels + (<usize>count << 3);
  if (channels == ROWS) {
    for (; pixels != end; pixels += 8) {
      v128.store(to, v128.load(from + load<usize>(pixels)));
      to += 16;
    }
    return;
  }
  for (; pixels != end; pixels += 8) {
    v128.store(to, f32x4.splat(0));
    const at = from + load<usize>(pixels);
    for (let q: usize = 0; q < <usize>channels << 2; q += 4) store<f32>(to + q, load<f32>(at + q));
    to += 16;
  }
}

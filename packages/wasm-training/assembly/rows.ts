// Rows picked and summed by index: the embedding lookup and its gradient.

/**
 * `y "outer count size" = x "outer rows size"` at `indices "count"`. Returns the first position whose index is not a row, before
 * anything is written, else -1.
 */
export function gatherRows(x: usize, indices: usize, y: usize, outer: i32, rows: i32, count: i32, size: i32): i32 {
  for (let i = 0; i < count; ++i) if (load<u32>(indices + (<usize>i << 2)) >= <u32>rows) return i;
  const bytes: usize = <usize>size << 2;
  const wide: usize = bytes & ~15;
  for (; outer > 0; --outer) {
    for (let i = 0; i < count; ++i) {
      const from = x + <usize>load<u32>(indices + (<usize>i << 2)) * bytes;
      let j: usize = 0;
      for (; j != wide; j += 16) v128.store(y + j, v128.load(from + j));
      for (; j != bytes; j += 4) store<u32>(y + j, load<u32>(from + j));
      y += bytes;
    }
    x += <usize>rows * bytes;
  }
  return -1;
}

/** `y "segments size"`: the sums of the rows of `x "count size"` by segment. Rows of no segment are left out. */
export function segmentSum(x: usize, ids: usize, y: usize, count: i32, size: i32, segments: i32): void {
  const bytes: usize = <usize>size << 2;
  const lines: usize = bytes & ~63;
  memory.fill(y, 0, bytes * segments);
  for (; count > 0; --count) {
    const id = load<u32>(ids);
    if (id < <u32>segments) {
      const to = y + <usize>id * bytes;
      let j: usize = 0;
      // A cache line at a time: with fewer instructions more rows, which lie anywhere, are on their way from memory at once.
      for (; j != lines; j += 64) {
        const sum = to + j;
        const row = x + j;
        const a = f32x4.add(v128.load(sum), v128.load(row));
        const b = f32x4.add(v128.load(sum, 16), v128.load(row, 16));
        const c = f32x4.add(v128.load(sum, 32), v128.load(row, 32));
        const d = f32x4.add(v128.load(sum, 48), v128.load(row, 48));
        v128.store(sum, a);
        v128.store(sum, b, 16);
        v128.store(sum, c, 32);
        v128.store(sum, d, 48);
      }
      for (; j != bytes; j += 4) store<f32>(to + j, load<f32>(to + j) + load<f32>(x + j));
    }
    x += bytes;
    ids += 4;
  }
}

/** The same for int32. */
export function segmentSumInt(x: usize, ids: usize, y: usize, count: i32, size: i32, segments: i32): void {
  const bytes: usize = <usize>size << 2;
  memory.fill(y, 0, bytes * segments);
  for (; count > 0; --count) {
    const id = load<u32>(ids);
    if (id < <u32>segments) {
      const to = y + <usize>id * bytes;
      for (let j: usize = 0; j != bytes; j += 4) store<i32>(to + j, load<i32>(to + j) + load<i32>(x + j));
    }
    x += bytes;
    ids += 4;
  }
}

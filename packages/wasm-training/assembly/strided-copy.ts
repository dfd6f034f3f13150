// Reads an array by any steps and writes it in order: transposes, tiles, broadcasts. Elements are 4 bytes of whatever type.
import { transpose4 } from "./shuffle";

/** What the innermost block is; src/strided-copy.ts chooses. */
const ROW: i32 = 0; // p elements that lie side by side
const FILL: i32 = 1; // one element p times
const TRANSPOSE: i32 = 2; // p × q: rows of q side by side become columns
const STRIDED: i32 = 3; // p elements, rowX bytes apart

/**
 * @param table a row of four i32 an outer axis, slowest first: size, step in x, step in y (bytes), and a counter that is 0.
 * @param rowX bytes between the p rows of a block in x. @param rowY bytes between the q rows of a block in y.
 */
export function stridedCopy(table: usize, axes: i32, mode: i32, x: usize, y: usize, p: i32, q: i32, rowX: usize, rowY: usize): void {
  for (;;) {
    if (mode == ROW) copyRow(x, y, p);
    else if (mode == FILL) fillRow(x, y, p);
    else if (mode == TRANSPOSE) transposeBlock(x, y, p, q, rowX, rowY);
    else {
      let from = x;
      for (let i: usize = 0, end: usize = <usize>p << 2; i != end; i += 4) {
        store<u32>(y + i, load<u32>(from));
        from += rowX;
      }
    }
    let axis = axes - 1;
    for (; axis >= 0; --axis) {
      const entry = table + (<usize>axis << 4);
      const size = load<i32>(entry);
      const stepX = load<usize>(entry, 4);
      const stepY = load<usize>(entry, 8);
      const count = load<i32>(entry, 12) + 1;
      x += stepX;
      y += stepY;
      if (count < size) {
        store<i32>(entry, count, 12);
        break;
      }
      x -= stepX * size;
      y -= stepY * size;
      store<i32>(entry, 0, 12);
    }
    if (axis < 0) return;
  }
}

// @ts-ignore: decorator
@inline
function copyRow(x: usize, y: usize, n: i32): void {
  const bytes: usize = <usize>n << 2;
  if (n >= 256) {
    memory.copy(y, x, bytes);
    return;
  }
  const wide: usize = bytes & ~15;
  let i: usize = 0;
  for (; i != wide; i += 16) v128.store(y + i, v128.load(x + i));
  for (; i != bytes; i += 4) store<u32>(y + i, load<u32>(x + i));
}

// @ts-ignore: decorator
@inline
function fillRow(x: usize, y: usize, n: i32): void {
  const bytes: usize = <usize>n << 2;
  const wide: usize = bytes & ~15;
  const value = v128.load_splat<u32>(x);
  let i: usize = 0;
  for (; i != wide; i += 16) v128.store(y + i, value);
  for (; i != bytes; i += 4) store<u32>(y + i, i32x4.extract_lane(value, 0));
}

/** 16 columns of x at a time: each cache line is read once, and written to 16 rows that grow side by side. */
function transposeBlock(x: usize, y: usize, p: i32, q: i32, rowX: usize, rowY: usize): void {
  const p4 = p & ~3;
  const q4 = q & ~3;
  for (let j0 = 0; j0 < q4; j0 += 16) {
    const j1 = min(j0 + 16, q4);
    for (let i = 0; i < p4; i += 4) {
      let from = x + <usize>i * rowX + (<usize>j0 << 2);
      let to = y + (<usize>i << 2) + <usize>j0 * rowY;
      for (let j = j0; j < j1; j += 4) {
        transpose4(from, rowX, to, rowY);
        from += 16;
        to += rowY << 2;
      }
    }
  }
  for (let i = 0; i < p; ++i) {
    for (let j = i < p4 ? q4 : 0; j < q; ++j) store<u32>(y + (<usize>i << 2) + <usize>j * rowY, load<u32>(x + <usize>i * rowX + (<usize>j << 2)));
  }
}

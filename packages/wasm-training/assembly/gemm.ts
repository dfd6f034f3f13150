// C = A B for row-major matrices, either operand stored transposed: blocks of A and B that fit the caches, an inner tile of
// 4 × 8 results in eight registers (wider tiles spill). B is packed in panels of 8 columns, which is where its transposition
// happens; A is packed in panels of 4 rows only when it is transposed, since its rows are streamed as they are otherwise.
// Sizes count elements, offsets bytes. Nothing is allocated here: the caller brings scratch of `gemmScratchBytes`.
import { activateBlock } from "./activate";
import { transpose4 } from "./shuffle";

export const ROWS: i32 = 4;
export const COLUMNS: i32 = 8;
const BLOCK_M: i32 = 64;
const BLOCK_N: i32 = 256;
const BLOCK_K: i32 = 512;
export const TILE_BYTES: usize = 128;
/** Up to this many rows a plain B is read where it lies: packing it would cost more than it saves. */
const DIRECT_ROWS: i32 = 16;

// @ts-ignore: decorator
@inline
export function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

// @ts-ignore: decorator
@inline
function ceilTo(value: i32, step: i32): i32 {
  return ((value + step - 1) / step) * step;
}

/** Bytes of scratch for products of this size. */
export function gemmScratchBytes(m: i32, n: i32, k: i32, transposeA: bool): usize {
  const depth = min(k, BLOCK_K);
  const panels: usize = (<usize>depth * ceilTo(min(n, BLOCK_N), COLUMNS)) << 2;
  const rows: usize = transposeA ? (<usize>depth * ceilTo(min(m, BLOCK_M), ROWS)) << 2 : 0;
  return TILE_BYTES + panels + rows;
}

/** `batch` products; the strides between them are in elements, 0 for a matrix that all share. `bias` 0 for none. */
export function gemm(batch: i32, m: i32, n: i32, k: i32, a: usize, strideA: i32, transposeA: bool, b: usize, strideB: i32, transposeB: bool, c: usize, scratch: usize, bias: usize, activation: i32, alpha: f32): void {
  const nextC: usize = (<usize>m * n) << 2;
  for (let i = 0; i < batch; ++i) {
    if (k == 0) memory.fill(c, 0, nextC);
    else if (m == 1) multiplyVector(n, k, a, b, transposeB, c);
    else if (n == 1) multiplyVector(m, k, b, a, !transposeA, c); // (x A)ᵀ = Aᵀ xᵀ
    else multiply(m, n, k, a, transposeA, b, transposeB, c, scratch);
    if (bias != 0 || activation != 0) activateBlock(c, m, n, bias, activation, alpha);
    a += <usize>strideA << 2;
    b += <usize>strideB << 2;
    c += nextC;
  }
}

function multiply(m: i32, n: i32, k: i32, a: usize, transposeA: bool, b: usize, transposeB: bool, c: usize, scratch: usize): void {
  const packedB = scratch + TILE_BYTES;
  const packedA = packedB + ((<usize>min(k, BLOCK_K) * ceilTo(min(n, BLOCK_N), COLUMNS)) << 2);
  const direct = !transposeB && m <= DIRECT_ROWS;
  const rowA: usize = <usize>k << 2; // of plain A
  const rowC: usize = <usize>n << 2;
  for (let jc = 0; jc < n; jc += BLOCK_N) {
    const nb = min(BLOCK_N, n - jc);
    for (let pc = 0; pc < k; pc += BLOCK_K) {
      const kb = min(BLOCK_K, k - pc);
      const panel: usize = (<usize>kb * COLUMNS) << 2;
      // With a direct B only the last, narrow panel is packed.
      const whole = direct ? nb & ~(COLUMNS - 1) : 0;
      if (whole < nb) {
        if (transposeB) packTransposedB(b + ((<usize>jc * k + pc) << 2), k, kb, nb, packedB);
        else packB(b + ((<usize>pc * n + jc + whole) << 2), n, kb, nb - whole, packedB);
      }
      for (let ic = 0; ic < m; ic += BLOCK_M) {
        const mb = min(BLOCK_M, m - ic);
        if (transposeA) packTransposedA(a + ((<usize>pc * m + ic) << 2), m, kb, mb, packedA);
        const nextA = transposeA ? (<usize>kb * ROWS) << 2 : rowA << 2; // from a tile to the one below
        for (let jr = 0; jr < nb; jr += COLUMNS) {
          const columns = min(COLUMNS, nb - jr);
          const inPlace = jr < whole;
          const panelB = inPlace ? b + ((<usize>pc * n + jc + jr) << 2) : packedB + <usize>((jr - whole) / COLUMNS) * panel;
          let target = c + ((<usize>ic * n + jc + jr) << 2);
          let from = transposeA ? packedA : a + ((<usize>ic * k + pc) << 2);
          const full = columns == COLUMNS ? mb / ROWS : 0;
          if (full > 0) {
            tiles(full, from, transposeA, ROWS, rowA, nextA, panelB, inPlace, rowC, kb, target, rowC, pc != 0);
            from += nextA * full;
            target += (rowC << 2) * full;
          }
          for (let left = mb - full * ROWS; left > 0; left -= ROWS) {
            const rows = min(ROWS, left);
            tiles(1, from, transposeA, rows, rowA, nextA, panelB, inPlace, rowC, kb, scratch, 32, false);
            copyTile(scratch, target, rowC, rows, columns, pc != 0);
            from += nextA;
            target += rowC << 2;
          }
        }
      }
    }
  }
}

/** `count` tiles below each other, of one form. */
// @ts-ignore: decorator
@inline
function tiles(count: i32, a: usize, packedA: bool, rows: i32, rowA: usize, nextA: usize, b: usize, inPlace: bool, rowB: usize, k: i32, c: usize, rowC: usize, add: bool): void {
  if (packedA) {
    if (inPlace) tileColumn<v128, f32>(count, a, 4, 8, 12, nextA, b, rowB, k, c, rowC, add);
    else tileColumn<v128, v128>(count, a, 4, 8, 12, nextA, b, 0, k, c, rowC, add);
  } else {
    // Rows that are not there repeat the last one, and their results are not copied.
    const a1 = rows > 1 ? rowA : 0;
    const a2 = rows > 2 ? a1 + rowA : a1;
    const a3 = rows > 3 ? a2 + rowA : a2;
    if (inPlace) tileColumn<f32, f32>(count, a, a1, a2, a3, nextA, b, rowB, k, c, rowC, add);
    else tileColumn<f32, v128>(count, a, a1, a2, a3, nextA, b, 0, k, c, rowC, add);
  }
}

/** A loop of its own: as a part of the loops of `multiply`, where V8 spills, products of 24 terms take 7 % longer. */
function tileColumn<Step, Panel>(count: i32, a: usize, a1: usize, a2: usize, a3: usize, nextA: usize, b: usize, stepB: usize, k: i32, c: usize, rowC: usize, add: bool): void {
  for (; count > 0; --count) {
    tile<Step, Panel>(a, a + a1, a + a2, a + a3, b, stepB, k, c, rowC, add);
    a += nextA;
    c += rowC << 2;
  }
}

/**
 * 4 × 8 results. `Step` has the size of a step along A's row: f32 for plain rows, v128 for packed panels of 4. `Panel` is v128
 * for a packed B and f32 for one read in place, whose rows lie `stepB` apart. Not unrolled: V8 moves all loads of a block to
 * its beginning, and with two steps in one block it spills. Sums with one index, since V8 extends every pointer that is a loop
 * variable to 64 bits by an instruction of its own.
 */
export function tile<Step, Panel>(a0: usize, a1: usize, a2: usize, a3: usize, b: usize, stepB: usize, k: i32, c: usize, stepC: usize, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const end: usize = <usize>k * sizeof<Step>();
  for (let p: usize = 0; p != end; p += sizeof<Step>()) {
    const at = sizeof<Panel>() == 16 ? b + p * (32 / sizeof<Step>()) : b;
    const b0 = v128.load(at), b1 = v128.load(at, 16);
    let x = v128.load_splat<f32>(a0 + p);
    c00 = madd(c00, x, b0), c01 = madd(c01, x, b1);
    x = v128.load_splat<f32>(a1 + p);
    c10 = madd(c10, x, b0), c11 = madd(c11, x, b1);
    x = v128.load_splat<f32>(a2 + p);
    c20 = madd(c20, x, b0), c21 = madd(c21, x, b1);
    x = v128.load_splat<f32>(a3 + p);
    c30 = madd(c30, x, b0), c31 = madd(c31, x, b1);
    if (sizeof<Panel>() == 4) b += stepB;
  }
  const r1 = c + stepC;
  const r2 = r1 + stepC;
  const r3 = r2 + stepC;
  if (add) {
    c00 = f32x4.add(c00, v128.load(c)), c01 = f32x4.add(c01, v128.load(c, 16));
    c10 = f32x4.add(c10, v128.load(r1)), c11 = f32x4.add(c11, v128.load(r1, 16));
    c20 = f32x4.add(c20, v128.load(r2)), c21 = f32x4.add(c21, v128.load(r2, 16));
    c30 = f32x4.add(c30, v128.load(r3)), c31 = f32x4.add(c31, v128.load(r3, 16));
  }
  v128.store(c, c00), v128.store(c, c01, 16);
  v128.store(r1, c10), v128.store(r1, c11, 16);
  v128.store(r2, c20), v128.store(r2, c21, 16);
  v128.store(r3, c30), v128.store(r3, c31, 16);
}

/** The part of a tile that belongs to C. */
export function copyTile(from: usize, to: usize, rowTo: usize, rows: i32, columns: i32, add: bool): void {
  for (let i = 0; i < rows; ++i) {
    for (let j: usize = 0; j < <usize>columns << 2; j += 4) {
      const value = load<f32>(from + j);
      store<f32>(to + j, add ? value + load<f32>(to + j) : value);
    }
    from += 32;
    to += rowTo;
  }
}

/** Rows of B, 8 columns at a time; missing columns are zero. */
export function packB(b: usize, n: i32, k: i32, columns: i32, to: usize): void {
  const row: usize = <usize>n << 2;
  for (let j = 0; j < columns; j += COLUMNS) {
    let from = b + (<usize>j << 2);
    const left = columns - j;
    if (left >= COLUMNS) {
      for (let p = 0; p < k; ++p) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
        from += row;
        to += 32;
      }
    } else {
      for (let p = 0; p < k; ++p) {
        v128.store(to, f32x4.splat(0));
        v128.store(to, f32x4.splat(0), 16);
        for (let q: usize = 0; q < <usize>left << 2; q += 4) store<f32>(to + q, load<f32>(from + q));
        from += row;
        to += 32;
      }
    }
  }
}

/** The same panels from B stored as `"n k"`. */
export function packTransposedB(b: usize, rowLength: i32, k: i32, columns: i32, to: usize): void {
  const row: usize = <usize>rowLength << 2;
  for (let j = 0; j < columns; j += COLUMNS) {
    const from = b + <usize>j * row;
    const left = columns - j;
    if (left >= COLUMNS) {
      let p: usize = 0;
      const end: usize = <usize>(k & ~3) << 2;
      for (; p < end; p += 16) {
        transpose4(from + p, row, to, 32);
        transpose4(from + (row << 2) + p, row, to + 16, 32);
        to += 128;
      }
      for (const all: usize = <usize>k << 2; p < all; p += 4) {
        let source = from + p;
        for (let q: usize = 0; q < 32; q += 4) {
          store<f32>(to + q, load<f32>(source));
          source += row;
        }
        to += 32;
      }
    } else {
      for (let p: usize = 0, all: usize = <usize>k << 2; p < all; p += 4) {
        v128.store(to, f32x4.splat(0));
        v128.store(to, f32x4.splat(0), 16);
        let source = from + p;
        for (let q: usize = 0; q < <usize>left << 2; q += 4) {
          store<f32>(to + q, load<f32>(source));
          source += row;
        }
        to += 32;
      }
    }
  }
}

/** A stored as `"k m"`: panels of 4 rows; missing rows are zero. */
function packTransposedA(a: usize, m: i32, k: i32, rows: i32, to: usize): void {
  const row: usize = <usize>m << 2;
  for (let i = 0; i < rows; i += ROWS) {
    let from = a + (<usize>i << 2);
    const left = rows - i;
    for (let p = 0; p < k; ++p) {
      if (left >= ROWS) v128.store(to, v128.load(from));
      else {
        v128.store(to, f32x4.splat(0));
        for (let q: usize = 0; q < <usize>left << 2; q += 4) store<f32>(to + q, load<f32>(from + q));
      }
      from += row;
      to += 16;
    }
  }
}

/** `y "n" = x "k" · B`, with B stored `"k n"`, or `"n k"` when transposed. */
function multiplyVector(n: i32, k: i32, x: usize, b: usize, transposed: bool, y: usize): void {
  if (transposed) {
    for (let j = 0; j < n; ++j) {
      store<f32>(y, dot(x, b, k));
      y += 4;
      b += <usize>k << 2;
    }
    return;
  }
  const row: usize = <usize>n << 2;
  memory.fill(y, 0, row);
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const x0 = v128.load_splat<f32>(x), x1 = v128.load_splat<f32>(x, 4), x2 = v128.load_splat<f32>(x, 8), x3 = v128.load_splat<f32>(x, 12);
    let b0 = b, b1 = b0 + row, b2 = b1 + row, b3 = b2 + row;
    let to = y;
    let j = n;
    for (; j >= 4; j -= 4) {
      const low = f32x4.add(f32x4.mul(x0, v128.load(b0)), f32x4.mul(x1, v128.load(b1)));
      const high = f32x4.add(f32x4.mul(x2, v128.load(b2)), f32x4.mul(x3, v128.load(b3)));
      v128.store(to, f32x4.add(v128.load(to), f32x4.add(low, high)));
      to += 16, b0 += 16, b1 += 16, b2 += 16, b3 += 16;
    }
    for (; j > 0; --j) {
      store<f32>(to, load<f32>(to) + (load<f32>(x) * load<f32>(b0) + load<f32>(x, 4) * load<f32>(b1) + (load<f32>(x, 8) * load<f32>(b2) + load<f32>(x, 12) * load<f32>(b3))));
      to += 4, b0 += 4, b1 += 4, b2 += 4, b3 += 4;
    }
    x += 16;
    b += row << 2;
  }
  for (; p < k; ++p) {
    const factor = load<f32>(x);
    for (let j: usize = 0; j < row; j += 4) store<f32>(y + j, load<f32>(y + j) + factor * load<f32>(b + j));
    x += 4;
    b += row;
  }
}

function dot(x: usize, y: usize, k: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let n = k;
  for (; n >= 16; n -= 16) {
    s0 = madd(s0, v128.load(x), v128.load(y));
    s1 = madd(s1, v128.load(x, 16), v128.load(y, 16));
    s2 = madd(s2, v128.load(x, 32), v128.load(y, 32));
    s3 = madd(s3, v128.load(x, 48), v128.load(y, 48));
    x += 64, y += 64;
  }
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  let sum = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
  for (; n > 0; --n) {
    sum += load<f32>(x) * load<f32>(y);
    x += 4, y += 4;
  }
  return sum;
}

// The Fourier transform of rows of complex numbers (re and im side by side), four elements of a row at a time. Stockham's
// algorithm, which sorts as it goes: passes of radix 4 between two buffers, and a last one of radix 2 where the length asks for
// it. The buffers hold four re, then four im (planes apart by a power of two would meet in the same cache lines); the first pass
// takes the pairs apart and the last puts them together, and the inverse exchanges re and im there. Twiddles come with the call: src/kernels/fft-plan.ts lays them out as they are read here.
import { multiplyRow } from "./complex";

/**
 * `y "rows n"`: the transforms of `x "rows n"`, times `scale`. n is a power of two from 16 on. y may be x.
 * @param work 16 n bytes.
 */
export function fft(x: usize, y: usize, rows: i32, n: i32, inverse: bool, scale: f32, twiddles: usize, work: usize): void {
  const row: usize = <usize>n << 3;
  for (; rows > 0; --rows) {
    let from = work;
    let to = work + row;
    let at = twiddles;
    if (inverse) firstPass(x, from, n, at, true);
    else firstPass(x, from, n, at, false);
    at += <usize>(n >> 2) * 24;
    let length = n >> 2;
    let stride: usize = 32; // bytes between the elements of a transform that is left
    for (; length > 4; length >>= 2) {
      pass(from, to, length, stride, at);
      at += <usize>(length >> 2) * 24;
      stride <<= 2;
      const swap = from;
      from = to;
      to = swap;
    }
    if (inverse) {
      if (length == 4) lastPass4(from, y, n, scale, true);
      else lastPass2(from, y, n, scale, true);
    } else {
      if (length == 4) lastPass4(from, y, n, scale, false);
      else lastPass2(from, y, n, scale, false);
    }
    x += row;
    y += row;
  }
}

/**
 * The same for any n (Bluestein): a convolution with a chirp, by transforms of a length m >= 2 n - 1.
 * @param before `"n"`, the factors of x. @param filter `"m"`, the transformed chirp. @param after `"n"`, the factors of the result.
 * @param work 24 m bytes.
 */
export function bluestein(x: usize, y: usize, rows: i32, n: i32, m: i32, before: usize, filter: usize, after: usize, twiddles: usize, work: usize): void {
  const row: usize = <usize>n << 3;
  const padded: usize = <usize>m << 3;
  for (; rows > 0; --rows) {
    multiplyRow(x, before, work, n);
    memory.fill(work + row, 0, padded - row);
    fft(work, work, 1, m, false, 1, twiddles, work + padded);
    multiplyRow(work, filter, work, m);
    fft(work, work, 1, m, true, 1, twiddles, work + padded);
    multiplyRow(work, after, y, n);
    x += row;
    y += row;
  }
}

// @ts-ignore: decorator
@inline
function evens(x: usize): v128 {
  return v128.shuffle<f32>(v128.load(x), v128.load(x, 16), 0, 2, 4, 6);
}

// @ts-ignore: decorator
@inline
function odds(x: usize): v128 {
  return v128.shuffle<f32>(v128.load(x), v128.load(x, 16), 1, 3, 5, 7);
}

/** re and im of a product, by the two halves of one complex multiplication. */
// @ts-ignore: decorator
@inline
function timesRe(re: v128, im: v128, wRe: v128, wIm: v128): v128 {
  return f32x4.sub(f32x4.mul(re, wRe), f32x4.mul(im, wIm));
}

// @ts-ignore: decorator
@inline
function timesIm(re: v128, im: v128, wRe: v128, wIm: v128): v128 {
  return f32x4.add(f32x4.mul(re, wIm), f32x4.mul(im, wRe));
}

/** Stores four vectors as the columns of a 4 × 4 block: 16 elements in a row, of which this is re or im. */
// @ts-ignore: decorator
@inline
function storeColumns(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  const t0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const t1 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const t2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const t3 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(t0, t1, 0, 2));
  v128.store(to, v128.shuffle<i64>(t0, t1, 1, 3), 32);
  v128.store(to, v128.shuffle<i64>(t2, t3, 0, 2), 64);
  v128.store(to, v128.shuffle<i64>(t2, t3, 1, 3), 96);
}

/** Four butterflies side by side; each has twiddles of its own. */
// @ts-ignore: decorator
@inline
function firstPass(x: usize, to: usize, n: i32, w: usize, inverse: bool): void {
  const quarter: usize = <usize>n << 1; // bytes of n / 4 pairs
  for (let p: usize = 0; p != quarter; p += 32) {
    const at = x + p;
    const b = at + quarter, c = b + quarter, d = c + quarter;
    const aRe = inverse ? odds(at) : evens(at), aIm = inverse ? evens(at) : odds(at);
    const cRe = inverse ? odds(c) : evens(c), cIm = inverse ? evens(c) : odds(c);
    const bRe = inverse ? odds(b) : evens(b), bIm = inverse ? evens(b) : odds(b);
    const dRe = inverse ? odds(d) : evens(d), dIm = inverse ? evens(d) : odds(d);
    const s0Re = f32x4.add(aRe, cRe), s0Im = f32x4.add(aIm, cIm);
    const s1Re = f32x4.sub(aRe, cRe), s1Im = f32x4.sub(aIm, cIm);
    const s2Re = f32x4.add(bRe, dRe), s2Im = f32x4.add(bIm, dIm);
    const s3Re = f32x4.sub(bIm, dIm), s3Im = f32x4.sub(dRe, bRe); // -i (b - d)
    const y1Re = f32x4.add(s1Re, s3Re), y1Im = f32x4.add(s1Im, s3Im);
    const y2Re = f32x4.sub(s0Re, s2Re), y2Im = f32x4.sub(s0Im, s2Im);
    const y3Re = f32x4.sub(s1Re, s3Re), y3Im = f32x4.sub(s1Im, s3Im);
    const w1Re = v128.load(w), w1Im = v128.load(w, 16);
    const w2Re = v128.load(w, 32), w2Im = v128.load(w, 48);
    const w3Re = v128.load(w, 64), w3Im = v128.load(w, 80);
    storeColumns(to, f32x4.add(s0Re, s2Re), timesRe(y1Re, y1Im, w1Re, w1Im), timesRe(y2Re, y2Im, w2Re, w2Im), timesRe(y3Re, y3Im, w3Re, w3Im));
    storeColumns(to + 16, f32x4.add(s0Im, s2Im), timesIm(y1Re, y1Im, w1Re, w1Im), timesIm(y2Re, y2Im, w2Re, w2Im), timesIm(y3Re, y3Im, w3Re, w3Im));
    w += 96;
    to += 128;
  }
}

/** Butterflies whose neighbours, `stride` bytes of them, share their twiddles. */
function pass(from: usize, to: usize, length: i32, stride: usize, w: usize): void {
  const quarter = stride * (length >> 2);
  for (let p = length >> 2; p > 0; --p) {
    const w1Re = v128.load_splat<f32>(w), w1Im = v128.load_splat<f32>(w, 4);
    const w2Re = v128.load_splat<f32>(w, 8), w2Im = v128.load_splat<f32>(w, 12);
    const w3Re = v128.load_splat<f32>(w, 16), w3Im = v128.load_splat<f32>(w, 20);
    for (let q: usize = 0; q != stride; q += 32) {
      const a = from + q, b = a + quarter, c = b + quarter, d = c + quarter;
      const aRe = v128.load(a), cRe = v128.load(c), aIm = v128.load(a, 16), cIm = v128.load(c, 16);
      const s0Re = f32x4.add(aRe, cRe), s0Im = f32x4.add(aIm, cIm);
      const s1Re = f32x4.sub(aRe, cRe), s1Im = f32x4.sub(aIm, cIm);
      const bRe = v128.load(b), dRe = v128.load(d), bIm = v128.load(b, 16), dIm = v128.load(d, 16);
      const s2Re = f32x4.add(bRe, dRe), s2Im = f32x4.add(bIm, dIm);
      const s3Re = f32x4.sub(bIm, dIm), s3Im = f32x4.sub(dRe, bRe);
      let y = to + q;
      v128.store(y, f32x4.add(s0Re, s2Re));
      v128.store(y, f32x4.add(s0Im, s2Im), 16);
      y += stride;
      const y1Re = f32x4.add(s1Re, s3Re), y1Im = f32x4.add(s1Im, s3Im);
      v128.store(y, timesRe(y1Re, y1Im, w1Re, w1Im));
      v128.store(y, timesIm(y1Re, y1Im, w1Re, w1Im), 16);
      y += stride;
      const y2Re = f32x4.sub(s0Re, s2Re), y2Im = f32x4.sub(s0Im, s2Im);
      v128.store(y, timesRe(y2Re, y2Im, w2Re, w2Im));
      v128.store(y, timesIm(y2Re, y2Im, w2Re, w2Im), 16);
      y += stride;
      const y3Re = f32x4.sub(s1Re, s3Re), y3Im = f32x4.sub(s1Im, s3Im);
      v128.store(y, timesRe(y3Re, y3Im, w3Re, w3Im));
      v128.store(y, timesIm(y3Re, y3Im, w3Re, w3Im), 16);
    }
    w += 24;
    from += stride;
    to += stride << 2;
  }
}

// @ts-ignore: decorator
@inline
function storePairs(y: usize, re: v128, im: v128, scale: v128, inverse: bool): void {
  const first = f32x4.mul(inverse ? im : re, scale), second = f32x4.mul(inverse ? re : im, scale);
  v128.store(y, v128.shuffle<f32>(first, second, 0, 4, 1, 5));
  v128.store(y, v128.shuffle<f32>(first, second, 2, 6, 3, 7), 16);
}

// @ts-ignore: decorator
@inline
function lastPass4(from: usize, y: usize, n: i32, scale: f32, inverse: bool): void {
  const quarter: usize = <usize>n << 1;
  const factor = f32x4.splat(scale);
  for (let q: usize = 0; q != quarter; q += 32) {
    const a = from + q, b = a + quarter, c = b + quarter, d = c + quarter;
    const aRe = v128.load(a), cRe = v128.load(c), aIm = v128.load(a, 16), cIm = v128.load(c, 16);
    const bRe = v128.load(b), dRe = v128.load(d), bIm = v128.load(b, 16), dIm = v128.load(d, 16);
    const s0Re = f32x4.add(aRe, cRe), s0Im = f32x4.add(aIm, cIm);
    const s1Re = f32x4.sub(aRe, cRe), s1Im = f32x4.sub(aIm, cIm);
    const s2Re = f32x4.add(bRe, dRe), s2Im = f32x4.add(bIm, dIm);
    const s3Re = f32x4.sub(bIm, dIm), s3Im = f32x4.sub(dRe, bRe);
    const to = y + q;
    storePairs(to, f32x4.add(s0Re, s2Re), f32x4.add(s0Im, s2Im), factor, inverse);
    storePairs(to + quarter, f32x4.add(s1Re, s3Re), f32x4.add(s1Im, s3Im), factor, inverse);
    storePairs(to + (quarter << 1), f32x4.sub(s0Re, s2Re), f32x4.sub(s0Im, s2Im), factor, inverse);
    storePairs(to + quarter * 3, f32x4.sub(s1Re, s3Re), f32x4.sub(s1Im, s3Im), factor, inverse);
  }
}

// @ts-ignore: decorator
@inline
function lastPass2(from: usize, y: usize, n: i32, scale: f32, inverse: bool): void {
  const half: usize = <usize>n << 2;
  const factor = f32x4.splat(scale);
  for (let q: usize = 0; q != half; q += 32) {
    const a = from + q, b = a + half;
    const aRe = v128.load(a), bRe = v128.load(b), aIm = v128.load(a, 16), bIm = v128.load(b, 16);
    storePairs(y + q, f32x4.add(aRe, bRe), f32x4.add(aIm, bIm), factor, inverse);
    storePairs(y + half + q, f32x4.sub(aRe, bRe), f32x4.sub(aIm, bIm), factor, inverse);
  }
}

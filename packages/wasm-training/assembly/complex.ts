// Complex numbers, re and im side by side. Sizes count complex elements, offsets bytes.

/** `y = re + i im`. */
export function interleave(re: usize, im: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    const r = v128.load(re), i = v128.load(im);
    v128.store(y, v128.shuffle<f32>(r, i, 0, 4, 1, 5));
    v128.store(y, v128.shuffle<f32>(r, i, 2, 6, 3, 7), 16);
    re += 16, im += 16, y += 32;
  }
  for (; n > 0; --n) {
    store<f32>(y, load<f32>(re));
    store<f32>(y, load<f32>(im), 4);
    re += 4, im += 4, y += 8;
  }
}

/** `y "n"`: x, which is not aligned to pairs, taken every second time: the real parts, or from 4 bytes later the imaginary ones. */
export function everySecond(x: usize, y: usize, n: i32): void {
  // The last vector would read beyond the array when x starts at an imaginary part.
  for (; n > 4; n -= 4) {
    v128.store(y, v128.shuffle<f32>(v128.load(x), v128.load(x, 16), 0, 2, 4, 6));
    x += 32, y += 16;
  }
  for (; n > 0; --n) {
    store<f32>(y, load<f32>(x));
    x += 8, y += 4;
  }
}

/** `y "n" = |x|`, squared in float64, which float32 cannot overflow. */
export function complexAbs(x: usize, y: usize, n: i32): void {
  for (; n > 0; --n) {
    const re: f64 = load<f32>(x), im: f64 = load<f32>(x, 4);
    store<f32>(y, <f32>sqrt(re * re + im * im));
    x += 8, y += 4;
  }
}

/** `y "rows n" = a "rows n" · b "n"`, element by element. y may be a. */
export function complexMultiply(a: usize, b: usize, y: usize, rows: i32, n: i32): void {
  for (; rows > 0; --rows) {
    multiplyRow(a, b, y, n);
    a += <usize>n << 3;
    y += <usize>n << 3;
  }
}

export function multiplyRow(a: usize, b: usize, y: usize, n: i32): void {
  const sign = f32x4(-1, 1, -1, 1);
  const end: usize = <usize>n << 3;
  const wide: usize = end & ~15;
  let i: usize = 0;
  for (; i != wide; i += 16) {
    const p = v128.load(a + i), q = v128.load(b + i);
    const re = v128.shuffle<f32>(p, p, 0, 0, 2, 2), im = v128.shuffle<f32>(p, p, 1, 1, 3, 3);
    v128.store(y + i, f32x4.add(f32x4.mul(re, q), f32x4.mul(f32x4.mul(im, sign), v128.shuffle<f32>(q, q, 1, 0, 3, 2))));
  }
  if (i != end) {
    const re = load<f32>(a + i), im = load<f32>(a + i, 4);
    const re2 = load<f32>(b + i), im2 = load<f32>(b + i, 4);
    store<f32>(y + i, re * re2 - im * im2);
    store<f32>(y + i, re * im2 + im * re2, 4);
  }
}

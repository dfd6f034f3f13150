// The gradients of depthwise convolutions over NHWC: every channel for itself, four at a time, and the last ones alone. Where
// the filter is not 3 × 3, sources lie between zeros (padRows), so that no loop looks for a border. `taps` holds two numbers a tap: its offset in the source and
// that of its weights in the filter. All in bytes but the counts.

// @ts-ignore: decorator
@inline
function read<T>(at: usize): T {
  if (isVector<T>()) return v128.load(at);
  return load<f32>(at);
}

// @ts-ignore: decorator
@inline
function write<T>(at: usize, value: T): void {
  if (isVector<T>()) v128.store(at, value);
  else store<f32>(at, value);
}

// @ts-ignore: decorator
@inline
function times<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.mul(a, b);
  return a * b;
}

// @ts-ignore: decorator
@inline
function plus<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(a, b);
  return a + b;
}

// @ts-ignore: decorator
@inline
function zero<T>(): T {
  if (isVector<T>()) return f32x4.splat(0);
  return 0;
}

/** Each of `count` target pixels (`pixels`: two offsets each) is the sum of its taps times their weights. */
export function depthwise(source: usize, pixels: usize, count: i32, taps: usize, tapCount: i32, filter: usize, target: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const lastTap = taps + (<usize>tapCount << 3);
  for (const end = pixels + (<usize>count << 3); pixels != end; pixels += 8) {
    const from = source + load<usize>(pixels);
    const to = target + load<usize>(pixels, 4);
    let c: usize = 0;
    for (; c != wide; c += 16) sumOfTaps<v128>(from + c, taps, lastTap, filter + c, to + c);
    for (; c != bytes; c += 4) sumOfTaps<f32>(from + c, taps, lastTap, filter + c, to + c);
  }
}

// @ts-ignore: decorator
@inline
function sumOfTaps<T>(from: usize, tap: usize, lastTap: usize, filter: usize, to: usize): void {
  let sum = zero<T>();
  for (; tap != lastTap; tap += 8) sum = plus<T>(sum, times<T>(read<T>(from + load<usize>(tap)), read<T>(filter + load<usize>(tap, 4))));
  write<T>(to, sum);
}

/**
 * The whole of a sweep whose taps are 3 × 3 pixels side by side, from (originY, originX) on, one further for each target pixel.
 * Read where the source lies, each pixel three times, not nine; `zeros` is a row for what is above and below it.
 */
export function depthwise3x3(source: usize, zeros: usize, images: i32, height: i32, width: i32, originY: i32, originX: i32, rows: i32, columns: i32, taps: usize, filter: usize, target: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const pitch = bytes * width;
  for (; images > 0; --images) {
    for (let r = 0; r < rows; ++r) {
      const r0 = rowAt(source, zeros, originY + r, height, pitch);
      const r1 = rowAt(source, zeros, originY + r + 1, height, pitch);
      const r2 = rowAt(source, zeros, originY + r + 2, height, pitch);
      let c: usize = 0;
      for (; c != wide; c += 16) row3x3<v128>(r0 + c, r1 + c, r2 + c, originX, width, columns, bytes, taps, filter + c, target + c);
      for (; c != bytes; c += 4) row3x3<f32>(r0 + c, r1 + c, r2 + c, originX, width, columns, bytes, taps, filter + c, target + c);
      target += bytes * columns;
    }
    source += pitch * height;
  }
}

// @ts-ignore: decorator
@inline
function rowAt(source: usize, zeros: usize, y: i32, height: i32, pitch: usize): usize {
  return <u32>y < <u32>height ? source + <usize>y * pitch : zeros;
}

/** Each column of three is added to the three results that it is part of; two of those are unfinished. */
function row3x3<T>(r0: usize, r1: usize, r2: usize, originX: i32, width: i32, columns: i32, pixel: usize, taps: usize, filter: usize, to: usize): void {
  const w00 = read<T>(filter + load<usize>(taps, 4)), w01 = read<T>(filter + load<usize>(taps, 12)), w02 = read<T>(filter + load<usize>(taps, 20));
  const w10 = read<T>(filter + load<usize>(taps, 28)), w11 = read<T>(filter + load<usize>(taps, 36)), w12 = read<T>(filter + load<usize>(taps, 44));
  const w20 = read<T>(filter + load<usize>(taps, 52)), w21 = read<T>(filter + load<usize>(taps, 60)), w22 = read<T>(filter + load<usize>(taps, 68));
  let first = zero<T>(), second = first;
  const end = pixel * width;
  let at = pixel * originX; // beyond the end, as an unsigned number, where it is negative
  let next = to - (pixel << 1);
  for (let x = -2; x < columns; ++x) {
    let done = first;
    if (at < end) {
      const a = read<T>(r0 + at), b = read<T>(r1 + at), c = read<T>(r2 + at);
      done = plus<T>(first, plus<T>(plus<T>(times<T>(a, w02), times<T>(b, w12)), times<T>(c, w22)));
      first = plus<T>(second, plus<T>(plus<T>(times<T>(a, w01), times<T>(b, w11)), times<T>(c, w21)));
      second = plus<T>(plus<T>(times<T>(a, w00), times<T>(b, w10)), times<T>(c, w20));
    } else {
      first = second;
      second = zero<T>();
    }
    if (x >= 0) write<T>(next, done);
    at += pixel;
    next += pixel;
  }
}

/** Adds to the gradient of the filter what rows of dy give, tap by tap. */
export function depthwiseFilter(source: usize, imagePitch: usize, stepRow: usize, stepColumn: usize, images: i32, rows: i32, columns: i32, taps: usize, tapCount: i32, dy: usize, gradient: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const lastTap = taps + (<usize>tapCount << 3);
  for (; images > 0; --images) {
    let from = source;
    for (let r = 0; r < rows; ++r) {
      let c: usize = 0;
      for (; c != wide; c += 16) for (let tap = taps; tap != lastTap; tap += 8) oneTap<v128>(from + c + load<usize>(tap), stepColumn, columns, dy + c, bytes, gradient + c + load<usize>(tap, 4));
      for (; c != bytes; c += 4) for (let tap = taps; tap != lastTap; tap += 8) oneTap<f32>(from + c + load<usize>(tap), stepColumn, columns, dy + c, bytes, gradient + c + load<usize>(tap, 4));
      from += stepRow;
      dy += bytes * columns;
    }
    source += imagePitch;
  }
}

/** The whole of it for 3 × 3 pixels side by side; arguments as for depthwise3x3. */
export function depthwiseFilter3x3(source: usize, zeros: usize, images: i32, height: i32, width: i32, originY: i32, originX: i32, rows: i32, columns: i32, dy: usize, gradient: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const pitch = bytes * width;
  for (; images > 0; --images) {
    for (let r = 0; r < rows; ++r) {
      const r0 = rowAt(source, zeros, originY + r, height, pitch);
      const r1 = rowAt(source, zeros, originY + r + 1, height, pitch);
      const r2 = rowAt(source, zeros, originY + r + 2, height, pitch);
      let c: usize = 0;
      for (; c != wide; c += 16) nineTaps<v128>(r0 + c, r1 + c, r2 + c, originX, width, columns, bytes, dy + c, gradient + c);
      for (; c != bytes; c += 4) nineTaps<f32>(r0 + c, r1 + c, r2 + c, originX, width, columns, bytes, dy + c, gradient + c);
      dy += bytes * columns;
    }
    source += pitch * height;
  }
}

/** Nine sums in registers; each column of three pixels meets the three elements of dy that it is a tap of. */
function nineTaps<T>(r0: usize, r1: usize, r2: usize, originX: i32, width: i32, columns: i32, pixel: usize, dy: usize, gradient: usize): void {
  let s00 = zero<T>(), s01 = s00, s02 = s00, s10 = s00, s11 = s00, s12 = s00, s20 = s00, s21 = s00, s22 = s00;
  let d1 = s00, d2 = s00;
  const end = pixel * columns;
  const last = end + (pixel << 1);
  const endX = pixel * width;
  let atX = pixel * originX;
  for (let at: usize = 0; at != last; at += pixel) {
    const d0 = at < end ? read<T>(dy + at) : zero<T>();
    if (atX < endX) {
      let x = read<T>(r0 + atX);
      s00 = plus<T>(s00, times<T>(x, d0)), s01 = plus<T>(s01, times<T>(x, d1)), s02 = plus<T>(s02, times<T>(x, d2));
      x = read<T>(r1 + atX);
      s10 = plus<T>(s10, times<T>(x, d0)), s11 = plus<T>(s11, times<T>(x, d1)), s12 = plus<T>(s12, times<T>(x, d2));
      x = read<T>(r2 + atX);
      s20 = plus<T>(s20, times<T>(x, d0)), s21 = plus<T>(s21, times<T>(x, d1)), s22 = plus<T>(s22, times<T>(x, d2));
    }
    d2 = d1;
    d1 = d0;
    atX += pixel;
  }
  addTo<T>(gradient, s00), addTo<T>(gradient + pixel, s01), addTo<T>(gradient + pixel * 2, s02);
  addTo<T>(gradient + pixel * 3, s10), addTo<T>(gradient + pixel * 4, s11), addTo<T>(gradient + pixel * 5, s12);
  addTo<T>(gradient + pixel * 6, s20), addTo<T>(gradient + pixel * 7, s21), addTo<T>(gradient + pixel * 8, s22);
}

function oneTap<T>(x: usize, stepX: usize, columns: i32, dy: usize, stepY: usize, gradient: usize): void {
  let sum = zero<T>();
  for (; columns > 0; --columns) {
    sum = plus<T>(sum, times<T>(read<T>(x), read<T>(dy)));
    x += stepX;
    dy += stepY;
  }
  addTo<T>(gradient, sum);
}

// @ts-ignore: decorator
@inline
function addTo<T>(at: usize, value: T): void {
  write<T>(at, plus<T>(read<T>(at), value));
}

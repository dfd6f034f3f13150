// The gradients of depthwise convolutions over NHWC: every channel for itself, four at a time, and the last ones alone. Sources
// lie between zeros (padRows), so that no loop looks for a border. `taps` holds two numbers a tap: its offset in the source and
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

/** The same for rows of pixels side by side and taps that are 3 × 3 neighbours: each source pixel is read three times, not nine. */
export function depthwise3x3(source: usize, imagePitch: usize, pitch: usize, images: i32, rows: i32, columns: i32, taps: usize, filter: usize, target: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  for (; images > 0; --images) {
    let from = source;
    for (let r = 0; r < rows; ++r) {
      let c: usize = 0;
      for (; c != wide; c += 16) row3x3<v128>(from + c, pitch, columns, bytes, taps, filter + c, target + c);
      for (; c != bytes; c += 4) row3x3<f32>(from + c, pitch, columns, bytes, taps, filter + c, target + c);
      from += pitch;
      target += bytes * columns;
    }
    source += imagePitch;
  }
}

/** Each column of three is added to the three results that it is part of; two of those are unfinished. */
function row3x3<T>(r0: usize, pitch: usize, columns: i32, pixel: usize, taps: usize, filter: usize, to: usize): void {
  const w00 = read<T>(filter + load<usize>(taps, 4)), w01 = read<T>(filter + load<usize>(taps, 12)), w02 = read<T>(filter + load<usize>(taps, 20));
  const w10 = read<T>(filter + load<usize>(taps, 28)), w11 = read<T>(filter + load<usize>(taps, 36)), w12 = read<T>(filter + load<usize>(taps, 44));
  const w20 = read<T>(filter + load<usize>(taps, 52)), w21 = read<T>(filter + load<usize>(taps, 60)), w22 = read<T>(filter + load<usize>(taps, 68));
  const r1 = r0 + pitch;
  const r2 = r1 + pitch;
  let x = read<T>(r0), y = read<T>(r1), z = read<T>(r2);
  let first = plus<T>(plus<T>(times<T>(x, w00), times<T>(y, w10)), times<T>(z, w20));
  x = read<T>(r0 + pixel), y = read<T>(r1 + pixel), z = read<T>(r2 + pixel);
  first = plus<T>(first, plus<T>(plus<T>(times<T>(x, w01), times<T>(y, w11)), times<T>(z, w21)));
  let second = plus<T>(plus<T>(times<T>(x, w00), times<T>(y, w10)), times<T>(z, w20));
  const end = pixel * columns;
  for (let at: usize = 0; at != end; at += pixel) {
    const next = at + (pixel << 1);
    x = read<T>(r0 + next), y = read<T>(r1 + next), z = read<T>(r2 + next);
    write<T>(to + at, plus<T>(first, plus<T>(plus<T>(times<T>(x, w02), times<T>(y, w12)), times<T>(z, w22))));
    first = plus<T>(second, plus<T>(plus<T>(times<T>(x, w01), times<T>(y, w11)), times<T>(z, w21)));
    second = plus<T>(plus<T>(times<T>(x, w00), times<T>(y, w10)), times<T>(z, w20));
  }
}

/** Adds to the gradient of the filter what rows of dy give. `neighbours`: the taps are 3 × 3 pixels side by side, read by each in turn. */
export function depthwiseFilter(source: usize, imagePitch: usize, stepRow: usize, stepColumn: usize, images: i32, rows: i32, columns: i32, taps: usize, tapCount: i32, neighbours: bool, dy: usize, gradient: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const lastTap = taps + (<usize>tapCount << 3);
  for (; images > 0; --images) {
    let from = source;
    for (let r = 0; r < rows; ++r) {
      let c: usize = 0;
      for (; c != wide; c += 16) {
        if (neighbours) nineTaps<v128>(from + c, stepRow, columns, taps, dy + c, bytes, gradient + c);
        else for (let tap = taps; tap != lastTap; tap += 8) oneTap<v128>(from + c + load<usize>(tap), stepColumn, columns, dy + c, bytes, gradient + c + load<usize>(tap, 4));
      }
      for (; c != bytes; c += 4) {
        for (let tap = taps; tap != lastTap; tap += 8) oneTap<f32>(from + c + load<usize>(tap), stepColumn, columns, dy + c, bytes, gradient + c + load<usize>(tap, 4));
      }
      from += stepRow;
      dy += bytes * columns;
    }
    source += imagePitch;
  }
}

/** Nine sums in registers; each column of three pixels meets the three elements of dy that it is a tap of. */
function nineTaps<T>(r0: usize, pitch: usize, columns: i32, taps: usize, dy: usize, pixel: usize, gradient: usize): void {
  let s00 = zero<T>(), s01 = s00, s02 = s00, s10 = s00, s11 = s00, s12 = s00, s20 = s00, s21 = s00, s22 = s00;
  let d1 = s00, d2 = s00;
  const r1 = r0 + pitch;
  const r2 = r1 + pitch;
  const end = pixel * columns;
  const last = end + (pixel << 1);
  for (let at: usize = 0; at != last; at += pixel) {
    const d0 = at < end ? read<T>(dy + at) : zero<T>();
    let x = read<T>(r0 + at);
    s00 = plus<T>(s00, times<T>(x, d0)), s01 = plus<T>(s01, times<T>(x, d1)), s02 = plus<T>(s02, times<T>(x, d2));
    x = read<T>(r1 + at);
    s10 = plus<T>(s10, times<T>(x, d0)), s11 = plus<T>(s11, times<T>(x, d1)), s12 = plus<T>(s12, times<T>(x, d2));
    x = read<T>(r2 + at);
    s20 = plus<T>(s20, times<T>(x, d0)), s21 = plus<T>(s21, times<T>(x, d1)), s22 = plus<T>(s22, times<T>(x, d2));
    d2 = d1;
    d1 = d0;
  }
  addTo<T>(gradient + load<usize>(taps, 4), s00), addTo<T>(gradient + load<usize>(taps, 12), s01), addTo<T>(gradient + load<usize>(taps, 20), s02);
  addTo<T>(gradient + load<usize>(taps, 28), s10), addTo<T>(gradient + load<usize>(taps, 36), s11), addTo<T>(gradient + load<usize>(taps, 44), s12);
  addTo<T>(gradient + load<usize>(taps, 52), s20), addTo<T>(gradient + load<usize>(taps, 60), s21), addTo<T>(gradient + load<usize>(taps, 68), s22);
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

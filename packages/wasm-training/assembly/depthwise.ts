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

/** Adds to the gradient of the filter what rows of dy give: nine taps together, in nine registers, then the rest one by one. */
export function depthwiseFilter(source: usize, imagePitch: usize, stepRow: usize, stepColumn: usize, images: i32, rows: i32, columns: i32, taps: usize, tapCount: i32, dy: usize, gradient: usize, channels: i32): void {
  const bytes: usize = <usize>channels << 2;
  const wide: usize = bytes & ~15;
  const lastTap = taps + (<usize>tapCount << 3);
  for (; images > 0; --images) {
    let from = source;
    for (let r = 0; r < rows; ++r) {
      let c: usize = 0;
      for (; c != wide; c += 16) tapsOfRow<v128>(from + c, stepColumn, columns, taps, lastTap, dy + c, bytes, gradient + c);
      for (; c != bytes; c += 4) tapsOfRow<f32>(from + c, stepColumn, columns, taps, lastTap, dy + c, bytes, gradient + c);
      from += stepRow;
      dy += bytes * columns;
    }
    source += imagePitch;
  }
}

// @ts-ignore: decorator
@inline
function tapsOfRow<T>(x: usize, stepX: usize, columns: i32, tap: usize, lastTap: usize, dy: usize, stepY: usize, gradient: usize): void {
  for (; lastTap - tap >= 72; tap += 72) nineTaps<T>(x, stepX, columns, tap, dy, stepY, gradient);
  for (; tap != lastTap; tap += 8) oneTap<T>(x + load<usize>(tap), stepX, columns, dy, stepY, gradient + load<usize>(tap, 4));
}

function nineTaps<T>(x: usize, stepX: usize, columns: i32, taps: usize, dy: usize, stepY: usize, gradient: usize): void {
  let s0 = zero<T>(), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0, s8 = s0;
  const x0 = x + load<usize>(taps), x1 = x + load<usize>(taps, 8), x2 = x + load<usize>(taps, 16), x3 = x + load<usize>(taps, 24), x4 = x + load<usize>(taps, 32), x5 = x + load<usize>(taps, 40), x6 = x + load<usize>(taps, 48), x7 = x + load<usize>(taps, 56), x8 = x + load<usize>(taps, 64);
  let at: usize = 0;
  for (; columns > 0; --columns) {
    const d = read<T>(dy);
    s0 = plus<T>(s0, times<T>(d, read<T>(x0 + at)));
    s1 = plus<T>(s1, times<T>(d, read<T>(x1 + at)));
    s2 = plus<T>(s2, times<T>(d, read<T>(x2 + at)));
    s3 = plus<T>(s3, times<T>(d, read<T>(x3 + at)));
    s4 = plus<T>(s4, times<T>(d, read<T>(x4 + at)));
    s5 = plus<T>(s5, times<T>(d, read<T>(x5 + at)));
    s6 = plus<T>(s6, times<T>(d, read<T>(x6 + at)));
    s7 = plus<T>(s7, times<T>(d, read<T>(x7 + at)));
    s8 = plus<T>(s8, times<T>(d, read<T>(x8 + at)));
    at += stepX;
    dy += stepY;
  }
  addTo<T>(gradient + load<usize>(taps, 4), s0), addTo<T>(gradient + load<usize>(taps, 12), s1), addTo<T>(gradient + load<usize>(taps, 20), s2);
  addTo<T>(gradient + load<usize>(taps, 28), s3), addTo<T>(gradient + load<usize>(taps, 36), s4), addTo<T>(gradient + load<usize>(taps, 44), s5);
  addTo<T>(gradient + load<usize>(taps, 52), s6), addTo<T>(gradient + load<usize>(taps, 60), s7), addTo<T>(gradient + load<usize>(taps, 68), s8);
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

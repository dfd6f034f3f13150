// Functions of one variable over arrays, four lanes at a time; the last one to three elements go through the same lanes.
import { exp4 } from "./exp";

// @ts-ignore: decorator
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Within ±limit; unlike min and max, these are one instruction each, and keep a NaN in x. */
// @ts-ignore: decorator
@inline
function bound(x: v128, limit: f32): v128 {
  return f32x4.pmax(f32x4.pmin(x, f32x4.splat(limit)), f32x4.splat(-limit));
}

/** tanh: a rational function of degree 13 and 6 (Eigen's), x itself near 0, ±1 beyond 7.9. Relative error 3e-7. */
// @ts-ignore: decorator
@inline
function tanh4(x: v128): v128 {
  const z = bound(x, 7.90531110763549805);
  const s = f32x4.mul(z, z);
  let p = f32x4.splat(-2.76076847742355e-16);
  p = madd(p, s, f32x4.splat(2.00018790482477e-13));
  p = madd(p, s, f32x4.splat(-8.60467152213735e-11));
  p = madd(p, s, f32x4.splat(5.12229709037114e-8));
  p = madd(p, s, f32x4.splat(1.48572235717979e-5));
  p = madd(p, s, f32x4.splat(6.37261928875436e-4));
  p = madd(p, s, f32x4.splat(4.89352455891786e-3));
  let q = f32x4.splat(1.19825839466702e-6);
  q = madd(q, s, f32x4.splat(1.18534705686654e-4));
  q = madd(q, s, f32x4.splat(2.26843463243900e-3));
  q = madd(q, s, f32x4.splat(4.89352518554385e-3));
  const y = bound(f32x4.div(f32x4.mul(z, p), q), 1);
  return v128.bitselect(x, y, f32x4.lt(f32x4.abs(x), f32x4.splat(0.0004)));
}

/** erf: a rational function of degree 13 and 8 (Eigen's), ±1 beyond 4. */
// @ts-ignore: decorator
@inline
function erf4(x: v128): v128 {
  const z = bound(x, 4);
  const s = f32x4.mul(z, z);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = madd(p, s, f32x4.splat(2.77068142495902e-8));
  p = madd(p, s, f32x4.splat(-2.10102402082508e-6));
  p = madd(p, s, f32x4.splat(-5.69250639462346e-5));
  p = madd(p, s, f32x4.splat(-7.34990630326855e-4));
  p = madd(p, s, f32x4.splat(-2.95459980854025e-3));
  p = madd(p, s, f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = madd(q, s, f32x4.splat(-2.13374055278905e-4));
  q = madd(q, s, f32x4.splat(-1.68282697438203e-3));
  q = madd(q, s, f32x4.splat(-7.37332916720468e-3));
  q = madd(q, s, f32x4.splat(-1.42647390514189e-2));
  return bound(f32x4.div(f32x4.mul(z, p), q), 1);
}

/** `y = e^x`, `n` elements. */
export function exp(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, exp4(v128.load(x)));
    x += 16, y += 16;
  }
  for (; n > 0; --n) {
    store<f32>(y, f32x4.extract_lane(exp4(v128.load_splat<f32>(x)), 0));
    x += 4, y += 4;
  }
}

/** `y = tanh x`. */
export function tanh(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, tanh4(v128.load(x)));
    x += 16, y += 16;
  }
  for (; n > 0; --n) {
    store<f32>(y, f32x4.extract_lane(tanh4(v128.load_splat<f32>(x)), 0));
    x += 4, y += 4;
  }
}

/** `y = erf x`. */
export function erf(x: usize, y: usize, n: i32): void {
  for (; n >= 4; n -= 4) {
    v128.store(y, erf4(v128.load(x)));
    x += 16, y += 16;
  }
  for (; n > 0; --n) {
    store<f32>(y, f32x4.extract_lane(erf4(v128.load_splat<f32>(x)), 0));
    x += 4, y += 4;
  }
}

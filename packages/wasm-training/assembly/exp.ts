// @ts-ignore: decorator
@inline
function power4(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

/**
 * e^x in four lanes: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for e^r (Cephes expf), then the exponent n.
 * Relative error 1e-7. Below -87.33, where float32 has only subnormals left, 0; above 88.73 infinity; NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // pmin and pmax keep a NaN in x. The bounds are a little beyond the thresholds, so that the masks below decide.
  const z = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-88));
  const n = f32x4.nearest(f32x4.mul(z, f32x4.splat(1.44269504088896341)));
  const r = f32x4.add(f32x4.sub(z, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  // 2^n in two factors, since n reaches 128, one more than an exponent holds.
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  const y = f32x4.mul(f32x4.mul(p, power4(half)), power4(i32x4.sub(exponent, half)));
  const large = v128.bitselect(f32x4.splat(Infinity), y, f32x4.gt(x, f32x4.splat(88.72283905206835)));
  return v128.andnot(large, f32x4.lt(x, f32x4.splat(-87.33654475055310)));
}

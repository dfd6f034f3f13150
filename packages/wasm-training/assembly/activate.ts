// What a fused matMul does to its result while that is still in the cache: add a bias to every row, then an activation.
// The numbers are those of tfjs' FusableActivation.
import { exp4 } from "./exp";

const RELU: i32 = 1;
const RELU6: i32 = 2;
const LEAKY_RELU: i32 = 4;
const SIGMOID: i32 = 5;
const ELU: i32 = 6;

// @ts-ignore: decorator
@inline
function activate4(x: v128, activation: i32, alpha: v128): v128 {
  const zero = f32x4.splat(0);
  if (activation == RELU) return f32x4.max(x, zero);
  if (activation == RELU6) return f32x4.min(f32x4.max(x, zero), f32x4.splat(6));
  if (activation == LEAKY_RELU) return v128.bitselect(f32x4.mul(x, alpha), x, f32x4.lt(x, zero));
  if (activation == SIGMOID) return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
  if (activation == ELU) return v128.bitselect(f32x4.sub(exp4(x), f32x4.splat(1)), x, f32x4.lt(x, zero));
  return x;
}

/** `c "m n"` in place; `bias "n"`, or 0 for none. */
export function activateBlock(c: usize, m: i32, n: i32, bias: usize, activation: i32, alpha: f32): void {
  const slope = f32x4.splat(alpha);
  for (let i = 0; i < m; ++i) {
    let add = bias;
    let j = n;
    for (; j >= 4; j -= 4) {
      let x = v128.load(c);
      if (bias != 0) x = f32x4.add(x, v128.load(add));
      v128.store(c, activate4(x, activation, slope));
      c += 16, add += 16;
    }
    for (; j > 0; --j) {
      let x = load<f32>(c);
      if (bias != 0) x += load<f32>(add);
      store<f32>(c, f32x4.extract_lane(activate4(f32x4.splat(x), activation, slope), 0));
      c += 4, add += 4;
    }
  }
}

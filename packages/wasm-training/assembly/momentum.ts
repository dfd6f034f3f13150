/**
 * A step of momentum SGD in one pass: `m = decay · momentum + (1 - decay) · gradient`, `out = keep · variable - rate · m`.
 * `m` may be `momentum` itself. Sizes count elements, offsets bytes.
 */
export function momentumStep(variable: usize, momentum: usize, gradient: usize, m: usize, out: usize, size: i32, decay: f32, fresh: f32, keep: f32, rate: f32): void {
  const decays = f32x4.splat(decay), freshes = f32x4.splat(fresh), keeps = f32x4.splat(keep), rates = f32x4.splat(rate);
  const bytes: usize = <usize>size << 2;
  const wide: usize = bytes & ~15;
  let i: usize = 0;
  for (; i != wide; i += 16) {
    const next = f32x4.add(f32x4.mul(v128.load(momentum + i), decays), f32x4.mul(v128.load(gradient + i), freshes));
    v128.store(m + i, next);
    v128.store(out + i, f32x4.sub(f32x4.mul(v128.load(variable + i), keeps), f32x4.mul(next, rates)));
  }
  for (; i != bytes; i += 4) {
    const next = load<f32>(momentum + i) * decay + load<f32>(gradient + i) * fresh;
    store<f32>(m + i, next);
    store<f32>(out + i, load<f32>(variable + i) * keep - next * rate);
  }
}

/**
 * `dx "batch inHeight inWidth channels"`, cleared before: each entry of `dy "batch outHeight outWidth channels"` added where its
 * window of x is largest, the first of several; nowhere for a window of NaN. Sizes are elements.
 */
export function maxPoolGrad(x: usize, dy: usize, dx: usize, batch: i32, inHeight: i32, inWidth: i32, outHeight: i32, outWidth: i32, channels: i32, strideY: i32, strideX: i32, height: i32, width: i32, padTop: i32, padLeft: i32): void {
  const bytes: i32 = channels << 2;
  const image: usize = <usize>inHeight * inWidth * bytes;
  const wide: i32 = bytes & ~15;
  for (; batch > 0; --batch) {
    for (let row = 0; row < outHeight; ++row) {
      const top = row * strideY - padTop;
      const y0 = max(top, 0), y1 = min(top + height, inHeight);
      for (let column = 0; column < outWidth; ++column) {
        const left = column * strideX - padLeft;
        const x0 = max(left, 0), x1 = min(left + width, inWidth);
        let c = 0;
        for (; c != wide; c += 16) {
          let best = f32x4.splat(-Infinity);
          let place = i32x4.splat(-1);
          for (let i = y0; i < y1; ++i) {
            let at = (i * inWidth + x0) * bytes + c;
            for (let j = x0; j < x1; ++j) {
              const value = v128.load(x + at);
              const larger = f32x4.gt(value, best);
              best = v128.bitselect(value, best, larger);
              place = v128.bitselect(i32x4.splat(at), place, larger);
              at += bytes;
            }
          }
          add(dx, i32x4.extract_lane(place, 0), 0, dy + c);
          add(dx, i32x4.extract_lane(place, 1), 4, dy + c + 4);
          add(dx, i32x4.extract_lane(place, 2), 8, dy + c + 8);
          add(dx, i32x4.extract_lane(place, 3), 12, dy + c + 12);
        }
        for (; c != bytes; c += 4) {
          let best: f32 = -Infinity;
          let place = -1;
          for (let i = y0; i < y1; ++i) {
            let at = (i * inWidth + x0) * bytes + c;
            for (let j = x0; j < x1; ++j) {
              const value = load<f32>(x + at);
              if (value > best) {
                best = value;
                place = at;
              }
              at += bytes;
            }
          }
          add(dx, place, 0, dy + c);
        }
        dy += bytes;
      }
    }
    x += image;
    dx += image;
  }
}

// @ts-ignore: decorator
@inline
function add(dx: usize, place: i32, lane: usize, dy: usize): void {
  if (place < 0) return;
  const to = dx + place + lane;
  store<f32>(to, load<f32>(to) + load<f32>(dy));
}

// Products with a sparse matrix in compressed rows: `pointers "rows + 1"` into `indices "nnz"` (columns) and `values "nnz"`. Sizes
// count elements, offsets bytes. Pointers and indices have been checked.

// @ts-ignore: decorator
@inline
function madd(sum: v128, a: v128, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(a, b));
}

/** `y "rows d" = A x "columns d"`: the sums of a row stay in registers, 16 columns of x at a time. */
export function csrMultiply(pointers: usize, indices: usize, values: usize, x: usize, y: usize, rows: i32, d: i32): void {
  const bytes: usize = <usize>d << 2;
  for (; rows > 0; --rows) {
    const first: usize = load<usize>(pointers) << 2, end: usize = load<usize>(pointers, 4) << 2;
    let j: usize = 0;
    for (const wide: usize = bytes & ~63; j != wide; j += 64) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let p = first; p != end; p += 4) {
        const from = x + j + load<usize>(indices + p) * bytes;
        const value = v128.load_splat<f32>(values + p);
        s0 = madd(s0, value, v128.load(from)), s1 = madd(s1, value, v128.load(from, 16));
        s2 = madd(s2, value, v128.load(from, 32)), s3 = madd(s3, value, v128.load(from, 48));
      }
      v128.store(y + j, s0), v128.store(y + j, s1, 16);
      v128.store(y + j, s2, 32), v128.store(y + j, s3, 48);
    }
    for (const wide: usize = bytes & ~15; j != wide; j += 16) {
      let sum = f32x4.splat(0);
      for (let p = first; p != end; p += 4) sum = madd(sum, v128.load_splat<f32>(values + p), v128.load(x + j + load<usize>(indices + p) * bytes));
      v128.store(y + j, sum);
    }
    for (; j != bytes; j += 4) {
      let sum: f32 = 0;
      for (let p = first; p != end; p += 4) sum += load<f32>(values + p) * load<f32>(x + j + load<usize>(indices + p) * bytes);
      store<f32>(y + j, sum);
    }
    pointers += 4;
    y += bytes;
  }
}

/** `y "columns d" = Aᵀ x "rows d"`. */
export function csrMultiplyTransposed(pointers: usize, indices: usize, values: usize, x: usize, y: usize, rows: i32, columns: i32, d: i32): void {
  const bytes: usize = <usize>d << 2;
  const wide: usize = bytes & ~15;
  memory.fill(y, 0, bytes * columns);
  for (; rows > 0; --rows) {
    for (let p: usize = load<usize>(pointers) << 2, end: usize = load<usize>(pointers, 4) << 2; p != end; p += 4) {
      const to = y + load<usize>(indices + p) * bytes;
      const value = v128.load_splat<f32>(values + p);
      let j: usize = 0;
      for (; j != wide; j += 16) v128.store(to + j, madd(v128.load(to + j), value, v128.load(x + j)));
      for (; j != bytes; j += 4) store<f32>(to + j, load<f32>(to + j) + f32x4.extract_lane(value, 0) * load<f32>(x + j));
    }
    pointers += 4;
    x += bytes;
  }
}

/** `y "nnz"`: of `a "rows d" · bᵀ`, `b "columns d"`, the entries that the matrix has. */
export function csrSampled(pointers: usize, indices: usize, a: usize, b: usize, y: usize, rows: i32, d: i32): void {
  const bytes: usize = <usize>d << 2;
  const wide: usize = bytes & ~63;
  const narrow: usize = bytes & ~15;
  for (; rows > 0; --rows) {
    for (let p: usize = load<usize>(pointers) << 2, end: usize = load<usize>(pointers, 4) << 2; p != end; p += 4) {
      const row = b + load<usize>(indices + p) * bytes;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let j: usize = 0;
      for (; j != wide; j += 64) {
        const left = a + j, right = row + j;
        s0 = madd(s0, v128.load(left), v128.load(right)), s1 = madd(s1, v128.load(left, 16), v128.load(right, 16));
        s2 = madd(s2, v128.load(left, 32), v128.load(right, 32)), s3 = madd(s3, v128.load(left, 48), v128.load(right, 48));
      }
      for (; j != narrow; j += 16) s0 = madd(s0, v128.load(a + j), v128.load(row + j));
      const sums = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
      let sum = f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 1) + (f32x4.extract_lane(sums, 2) + f32x4.extract_lane(sums, 3));
      for (; j != bytes; j += 4) sum += load<f32>(a + j) * load<f32>(row + j);
      store<f32>(y + p, sum);
    }
    pointers += 4;
    a += bytes;
  }
}

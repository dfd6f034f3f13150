/** A block of 4 × 4 elements of 4 bytes, transposed; row lengths in bytes. */
// @ts-ignore: decorator
@inline
export function transpose4(from: usize, rowFrom: usize, to: usize, rowTo: usize): void {
  const from1 = from + rowFrom;
  const from2 = from1 + rowFrom;
  const from3 = from2 + rowFrom;
  const r0 = v128.load(from), r1 = v128.load(from1), r2 = v128.load(from2), r3 = v128.load(from3);
  const t0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const t1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const t2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const t3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  const to1 = to + rowTo;
  const to2 = to1 + rowTo;
  const to3 = to2 + rowTo;
  v128.store(to, v128.shuffle<i64>(t0, t1, 0, 2));
  v128.store(to1, v128.shuffle<i64>(t0, t1, 1, 3));
  v128.store(to2, v128.shuffle<i64>(t2, t3, 0, 2));
  v128.store(to3, v128.shuffle<i64>(t2, t3, 1, 3));
}

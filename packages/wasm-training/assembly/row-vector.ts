// A vector against every row of `"outer inner"`: what a broadcast over leading axes is. Short rows (a few channels) are the rule.
const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const SUBTRACT_FROM: i32 = 2;
const MULTIPLY: i32 = 3;
const DIVIDE: i32 = 4;
const DIVIDE_INTO: i32 = 5;

/** `y = x ∘ row`; SUBTRACT_FROM and DIVIDE_INTO are `row ∘ x`. */
export function combineRows(operation: i32, x: usize, row: usize, y: usize, outer: i32, inner: i32): void {
  if (operation == ADD) eachRow(ADD, x, row, y, outer, inner);
  else if (operation == SUBTRACT) eachRow(SUBTRACT, x, row, y, outer, inner);
  else if (operation == SUBTRACT_FROM) eachRow(SUBTRACT_FROM, x, row, y, outer, inner);
  else if (operation == MULTIPLY) eachRow(MULTIPLY, x, row, y, outer, inner);
  else if (operation == DIVIDE) eachRow(DIVIDE, x, row, y, outer, inner);
  else eachRow(DIVIDE_INTO, x, row, y, outer, inner);
}

// @ts-ignore: decorator
@inline
function combine4(operation: i32, x: v128, row: v128): v128 {
  if (operation == ADD) return f32x4.add(x, row);
  if (operation == SUBTRACT) return f32x4.sub(x, row);
  if (operation == SUBTRACT_FROM) return f32x4.sub(row, x);
  if (operation == MULTIPLY) return f32x4.mul(x, row);
  if (operation == DIVIDE) return f32x4.div(x, row);
  return f32x4.div(row, x);
}

/** Inlined for each operation, which is then known in the loop. */
// @ts-ignore: decorator
@inline
function eachRow(operation: i32, x: usize, row: usize, y: usize, outer: i32, inner: i32): void {
  const bytes: usize = <usize>inner << 2;
  const wide: usize = bytes & ~15;
  for (; outer > 0; --outer) {
    let i: usize = 0;
    for (; i != wide; i += 16) v128.store(y + i, combine4(operation, v128.load(x + i), v128.load(row + i)));
    for (; i != bytes; i += 4) store<f32>(y + i, f32x4.extract_lane(combine4(operation, v128.load_splat<f32>(x + i), v128.load_splat<f32>(row + i)), 0));
    x += bytes;
    y += bytes;
  }
}

/** `y = (x - mean) · scale + offset`, the last three with one value a column: batch normalization. */
export function normalizeRows(x: usize, y: usize, outer: i32, inner: i32, mean: usize, scale: usize, offset: usize): void {
  const bytes: usize = <usize>inner << 2;
  const wide: usize = bytes & ~15;
  for (; outer > 0; --outer) {
    let i: usize = 0;
    for (; i != wide; i += 16) v128.store(y + i, f32x4.add(f32x4.mul(f32x4.sub(v128.load(x + i), v128.load(mean + i)), v128.load(scale + i)), v128.load(offset + i)));
    for (; i != bytes; i += 4) store<f32>(y + i, (load<f32>(x + i) - load<f32>(mean + i)) * load<f32>(scale + i) + load<f32>(offset + i));
    x += bytes;
    y += bytes;
  }
}

// The rank of a small matrix, on the host.

/** Of float32 numbers, relative to one. */
const precision = 2 ** -23;

/**
 * How many rows of a matrix do not follow from the others, by orthogonalization with column pivoting. What is left of a column counts as nothing below
 * `max(rows, columns) · 2^-23` times the longest column, the tolerance that singular values usually get.
 *
 * @param values row-major, `rows · columns` finite numbers.
 */
export function matrixRank(values: ArrayLike<number>, rows: number, columns: number): number {
  const left = Array.from({ length: columns }, (_, column) => Float64Array.from({ length: rows }, (_, row) => values[row * columns + column]!));
  let tolerance: number | undefined;
  for (let rank = 0; ; rank++) {
    const squares = left.map((column) => dot(column, column));
    const pivot = squares.reduce((best, square, i) => (square > (squares[best] ?? 0) ? i : best), -1);
    const norm = pivot < 0 ? 0 : Math.sqrt(squares[pivot]!);
    tolerance ??= Math.max(rows, columns) * precision * norm;
    if (norm <= tolerance || rank === Math.min(rows, columns)) return rank;
    const unit = left.splice(pivot, 1)[0]!.map((value) => value / norm);
    // Twice: after one pass something of the order of rounding is left.
    for (const column of left) for (let pass = 0; pass < 2; pass++) subtract(column, dot(unit, column), unit);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function subtract(from: Float64Array, factor: number, unit: Float64Array): void {
  for (let i = 0; i < from.length; i++) from[i] = from[i]! - factor * unit[i]!;
}

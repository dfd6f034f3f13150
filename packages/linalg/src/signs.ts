// One sign convention for all singular and eigenvectors of this package.

/**
 * For each of the `count` columns of a row-major matrix: -1 where the entry of largest magnitude (the first, on ties) is negative, else 1. Multiplying by it gives the convention of this package:
 * the largest entry of each column of `v` is positive.
 */
export function columnSigns(data: ArrayLike<number>, rows: number, count: number): Float64Array {
  const largest = new Float64Array(count);
  const sign = new Float64Array(count).fill(1);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < count; j++) {
      const value = data[i * count + j]!;
      if (Math.abs(value) > largest[j]!) {
        largest[j] = Math.abs(value);
        sign[j] = value < 0 ? -1 : 1;
      }
    }
  }
  return sign;
}

/**
 * The forward transform in place, in float64, of any length: for constants, and where the module cannot run.
 * A length with an odd factor splits into the sums over it: O(n · sum of the prime factors).
 */
export function transformFloat64(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  if (n <= 1) return;
  let radix = 2;
  while (n % radix !== 0) radix = radix * radix > n ? n : radix + 1;
  const part = n / radix;
  // Decimation in time: the transforms of every radix-th element, then put together.
  const parts = Array.from({ length: radix }, (_, r) => {
    const own = [re, im].map((values) => Float64Array.from({ length: part }, (_, i) => values[i * radix + r]!)) as [Float64Array, Float64Array];
    transformFloat64(...own);
    return own;
  });
  const [cos, sin] = [Math.cos, Math.sin].map((f) => Float64Array.from({ length: n }, (_, i) => f((-2 * Math.PI * i) / n))) as [Float64Array, Float64Array];
  for (let k = 0; k < n; k++) {
    let [sumRe, sumIm] = [0, 0];
    for (let r = 0; r < radix; r++) {
      const [a, b] = [parts[r]![0][k % part]!, parts[r]![1][k % part]!];
      const [c, s] = [cos[(r * k) % n]!, sin[(r * k) % n]!];
      sumRe += a * c - b * s;
      sumIm += a * s + b * c;
    }
    re[k] = sumRe;
    im[k] = sumIm;
  }
}

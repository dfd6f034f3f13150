/**
 * The forward transform in place, in float64, of any length: for constants, and where the module cannot run. It splits by the
 * prime factors of the length, in time proportional to the length times their sum.
 */
export function transformFloat64(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  const angles = Float64Array.from({ length: n }, (_, k) => (-2 * Math.PI * k) / n);
  split(re, im, angles.map(Math.cos), angles.map(Math.sin));
}

/** The roots of unity are those of a multiple of the length. */
function split(re: Float64Array, im: Float64Array, cos: Float64Array, sin: Float64Array): void {
  const n = re.length;
  if (n <= 1) return;
  let radix = 2;
  while (n % radix !== 0) radix = radix * radix > n ? n : radix + 1;
  const part = n / radix;
  // Decimation in time: the transforms of every radix-th element, one after the other, then put together.
  const [partsRe, partsIm] = [new Float64Array(n), new Float64Array(n)];
  for (let r = 0; r < radix; r++) {
    const [a, b] = [partsRe.subarray(r * part, (r + 1) * part), partsIm.subarray(r * part, (r + 1) * part)];
    for (let i = 0; i < part; i++) {
      a[i] = re[i * radix + r]!;
      b[i] = im[i * radix + r]!;
    }
    split(a, b, cos, sin);
  }
  const step = cos.length / n;
  for (let k = 0; k < n; k++) {
    let sumRe = 0;
    let sumIm = 0;
    for (let r = 0; r < radix; r++) {
      const at = r * part + (k % part);
      const root = ((r * k) % n) * step;
      const [a, b, c, s] = [partsRe[at]!, partsIm[at]!, cos[root]!, sin[root]!];
      sumRe += a * c - b * s;
      sumIm += a * s + b * c;
    }
    re[k] = sumRe;
    im[k] = sumIm;
  }
}

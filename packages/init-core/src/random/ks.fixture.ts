// The Kolmogorov–Smirnov statistic, for tests: sqrt(n) times it stays below 1.95 in 99.9 % of samples of the right law.

/** sqrt(n) · sup |F_n − F|. */
export function ksStatistic(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  const n = sorted.length;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    const f = cdf(sorted[i]!);
    worst = Math.max(worst, f - i / n, (i + 1) / n - f);
  }
  return Math.sqrt(n) * worst;
}

/** Standard normal distribution function, Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}

export function moments(sample: ArrayLike<number>): { mean: number; variance: number } {
  const values = Array.from(sample);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean, variance: values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length };
}

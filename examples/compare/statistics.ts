// Means over seeds, and what counts as a difference.

/** What a paper says, and whether it holds here. */
export interface Claim {
  readonly claim: string;
  readonly holds: boolean;
  /** The figures that decide. */
  readonly because: string;
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of a sample; NaN for fewer than two values. */
export const deviation = (values: readonly number[]): number => (values.length < 2 ? NaN : Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1)));

/** "97.31 ± 0.12", mean and standard deviation. */
export const meanText = (values: readonly number[], digits: number): string => `${mean(values).toFixed(digits)} ± ${values.length < 2 ? "?" : deviation(values).toFixed(digits)}`;

export interface Difference {
  /** Mean of `a − b` over pairs. */
  readonly gap: number;
  /** Its standard error; 0 for a single pair. A difference counts when it is more. */
  readonly error: number;
  readonly text: string;
}

/** Of values that belong together (the same seed, the same batches); pairs that are not finite are left out. */
export function pairedDifference(a: readonly number[], b: readonly number[], digits = 3): Difference {
  const gaps = a.map((value, i) => value - (b[i] ?? NaN)).filter(Number.isFinite);
  const error = deviation(gaps) / Math.sqrt(gaps.length);
  return { gap: mean(gaps), error: error || 0, text: `difference ${mean(gaps).toFixed(digits)} ± ${Number.isNaN(error) ? "?" : error.toFixed(digits)} (standard error, ${gaps.length} seeds)` };
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

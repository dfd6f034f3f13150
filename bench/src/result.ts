// What is measured, and what is printed of it.

/** What one process of ours measured. */
export interface OwnResult {
  readonly ms_all: readonly number[];
  readonly peak_rss_mb: number;
  /** Peak of the state kept between batches. */
  readonly state_bytes?: number;
  /** How figures grow with the number of batches: by batches, in the order of `batches`. */
  readonly growth?: Growth;
}

export interface Growth {
  readonly batches: readonly number[];
  readonly state_bytes: readonly number[];
  /** Peak of all tensors alive. */
  readonly tensor_bytes: readonly number[];
  readonly peak_rss_mb: readonly number[];
}

export interface PeerResult {
  readonly name: string;
  readonly ms_median: number;
  readonly ms_all: readonly number[];
}

/** A printed row. */
export interface Line extends OwnResult {
  readonly name: string;
  readonly work: string;
  readonly backend: string;
  readonly ms_median: number;
  /** ratio = ours / peer's: 0.2 is five times as fast. */
  readonly peers?: readonly { readonly name: string; readonly backend?: string; readonly ms_median: number; readonly ratio: number }[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

// What is measured, and what is printed of it.
import type { Smaller } from "./definition.js";

/** What one process measured. */
export interface Measured {
  readonly ms_all: readonly number[];
  /** The same turns by part, where the row has several. */
  readonly parts?: Readonly<Record<string, readonly number[]>>;
}

/** What one process of ours measured. */
export interface OwnResult extends Measured {
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

/** Ours, or one part of ours, against a peer. */
export interface Comparison {
  readonly name: string;
  readonly backend: string;
  /** Of our row; absent where all of it is compared. */
  readonly part?: string;
  /** Where `smaller` is given, for that shape and multiplied by its factor. */
  readonly ms_median: number;
  /** ours / peer's: 0.2 is five times as fast. */
  readonly ratio: number;
  readonly smaller?: Smaller;
}

/** A printed row. */
export interface Line extends Omit<OwnResult, "parts"> {
  readonly name: string;
  readonly work: string;
  readonly backend: string;
  readonly ms_median: number;
  /** Medians. */
  readonly parts?: Readonly<Record<string, number>>;
  readonly peers?: readonly Comparison[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** To four significant digits: ratios go down to one in many thousands. */
export const significant = (value: number): number => Number(value.toPrecision(4));

// Selection in linear time, without sorting: a histogram of the high bits, then the same among the few that share those of the one looked for.

/** A list of numbers, and which of them count (all without `open`). */
export interface Candidates {
  readonly values: Float32Array;
  /** 0 where an entry does not count. */
  readonly open?: Uint8Array;
}

/** The bits of a float32 as a signed integer that is ordered as the numbers are; -0 and 0 are one. */
export function orderedKey(bits: number): number {
  const key = bits ^ ((bits >> 31) & 0x7fffffff);
  return key === -1 ? 0 : key;
}

/** The bits of the numbers, without copying them. */
export const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

/**
 * The key of the `k`-th largest of all candidates, and how many of those with exactly this key are among the `k` largest. `found` is `k`, or how many
 * candidates there are where these are fewer: then the key is that of the smallest.
 */
export function kthLargest(candidates: readonly Candidates[], k: number): { readonly key: number; readonly ties: number; readonly found: number } {
  const counts = new Uint32Array(2048);
  for (const each of candidates) countHigh(each, counts);
  const found = Math.min(k, counts.reduce((sum, count) => sum + count, 0));
  if (found === 0) return { key: 0, ties: 0, found };
  const { digit, left } = digitOf(counts, found);
  const high = digit - 1024;
  const keys = new Int32Array(counts[digit]!);
  let length = 0;
  for (const each of candidates) length = collect(each, high, keys, length);
  return { ...among(keys, high, left), found };
}

function countHigh({ values, open }: Candidates, counts: Uint32Array): void {
  const bits = bitsOf(values);
  if (open === undefined) for (let i = 0; i < bits.length; i++) counts[(orderedKey(bits[i]!) >> 21) + 1024]!++;
  else for (let i = 0; i < bits.length; i++) counts[(orderedKey(bits[i]!) >> 21) + 1024]! += open[i]!;
}

/** Puts the keys with these high bits behind the `length` that are there; says how many there are then. */
function collect({ values, open }: Candidates, high: number, keys: Int32Array, length: number): number {
  const bits = bitsOf(values);
  for (let i = 0; i < bits.length; i++) {
    const key = orderedKey(bits[i]!);
    if (key >> 21 === high && (open === undefined || open[i] === 1)) keys[length++] = key;
  }
  return length;
}

/** The same among keys that share their high bits, by the other 11 and 10. */
function among(keys: Int32Array, high: number, k: number): { readonly key: number; readonly ties: number } {
  const middles = new Uint32Array(2048);
  for (let i = 0; i < keys.length; i++) middles[(keys[i]! >> 10) & 2047]!++;
  const { digit, left } = digitOf(middles, k);
  const known = (high << 11) | digit;
  const lows = new Uint32Array(1024);
  for (let i = 0; i < keys.length; i++) if (keys[i]! >> 10 === known) lows[keys[i]! & 1023]!++;
  const last = digitOf(lows, left);
  return { key: (known << 10) | last.digit, ties: last.left };
}

/** The digit of the `k`-th largest, and its place among those with that digit. */
function digitOf(counts: Uint32Array, k: number): { readonly digit: number; readonly left: number } {
  let left = k;
  let digit = counts.length - 1;
  while (digit > 0 && counts[digit]! < left) left -= counts[digit--]!;
  return { digit, left };
}

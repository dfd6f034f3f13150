// Selection in linear time: three passes over the bits of the numbers, no sorting.

/** A list of numbers, and which of them count (all without `open`). */
export interface Candidates {
  readonly values: Float32Array;
  /** 0 where an entry does not count. */
  readonly open?: Uint8Array;
}

/** From high to low bits of the key. */
const digits = [
  { shift: 21, size: 2048 },
  { shift: 10, size: 2048 },
  { shift: 0, size: 1024 },
] as const;

/** The bits of a float32 as an unsigned integer that is ordered as the numbers are; -0 and 0 are one. */
export function orderedKey(bits: number): number {
  if (bits << 1 === 0) return 0x80000000;
  return bits < 0 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0;
}

/** The bits of the numbers, without copying them. */
export const bitsOf = (values: Float32Array): Int32Array => new Int32Array(values.buffer, values.byteOffset, values.length);

/**
 * The key of the `k`-th largest of all candidates, and how many of those with exactly this key are among the `k` largest.
 * Radix selection on 11, 11 and 10 bits.
 */
export function kthLargest(candidates: readonly Candidates[], k: number): { readonly key: number; readonly ties: number } {
  let left = k;
  let prefix = 0;
  let fixed = 0; // mask of the bits of `prefix` that are known
  for (const { shift, size } of digits) {
    const counts = new Uint32Array(size);
    for (const { values, open } of candidates) {
      const bits = bitsOf(values);
      for (let i = 0; i < bits.length; i++) {
        if (open !== undefined && open[i] === 0) continue;
        const key = orderedKey(bits[i]!);
        if (((key & fixed) >>> 0) === prefix) counts[(key >>> shift) & (size - 1)]!++;
      }
    }
    let digit = size - 1;
    while (digit > 0 && counts[digit]! < left) left -= counts[digit--]!;
    prefix = (prefix | (digit << shift)) >>> 0;
    fixed = (fixed | ((size - 1) << shift)) >>> 0;
  }
  return { key: prefix, ties: left };
}

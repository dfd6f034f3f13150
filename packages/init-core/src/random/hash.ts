// Integer hashing: a seed and a position become words that look unrelated, whatever pattern the inputs have.
import { WarmstartError } from "../errors.js";

/** Murmur3's finalizer: a bijection of 32-bit words in which every input bit reaches every output bit. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Two 32-bit words from any number of them, in order. */
export function hashWords(words: Iterable<number>): [number, number] {
  let first = 0x9e3779b9 | 0;
  let second = 0x243f6a88;
  for (const word of words) {
    first = mix((first ^ word) + 0x7ed55d16);
    second = mix(Math.imul(second, 0x01000193) + mix(word ^ 0x5bd1e995));
  }
  return [mix(first ^ Math.imul(second, 0x2c1b3c6d)), mix(second + Math.imul(first, 0x297a2d39))];
}

/** A seed as two words: all 53 bits of an integer count, and its sign. */
export function seedWords(caller: string, seed: number): [number, number] {
  if (!Number.isSafeInteger(seed)) {
    throw new WarmstartError("INVALID_OPTION", `${caller}: seed must be an integer between -(2^53 - 1) and 2^53 - 1, got ${String(seed)}. Derive seeds with subSeed(seed, position), not by arithmetic on fractions.`, { seed });
  }
  return [seed | 0, Math.floor(seed / 0x100000000) | 0];
}

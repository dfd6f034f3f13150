import { WarmstartError } from "../errors.js";
import { hashWords, seedWords } from "./hash.js";

/**
 * A seed of its own for every place that needs random numbers, from the one seed of the user.
 *
 * A number is a position in the *whole* network (automatic layer names count up from run to run, positions do not), a string
 * is a purpose or a path ("dropout", "encoder/fc1"). The number 3 and the string "3" are different positions. Neighbouring
 * seeds and positions give unrelated results; two of n results are equal with probability about n² / 2⁵⁴.
 *
 * @param seed any integer of at most 53 bits, negative ones too.
 * @returns an integer in `[0, 2⁵³)`, itself a seed.
 * @throws {WarmstartError} INVALID_OPTION for a seed or a position that is no such integer.
 *
 * @example
 * const noise = randomNormal([64, 8], { seed: subSeed(seed, "noise") });
 */
export function subSeed(seed: number, position: number | string): number {
  const [low, high] = seedWords("subSeed", seed);
  const [a, b] = hashWords([low, high, ...positionWords(position)]);
  return (b >>> 11) * 0x100000000 + (a >>> 0);
}

function positionWords(position: number | string): number[] {
  if (typeof position === "string") return [1, position.length, ...Array.from({ length: position.length }, (_, i) => position.charCodeAt(i))];
  if (!Number.isSafeInteger(position)) {
    throw new WarmstartError("INVALID_OPTION", `subSeed: position must be an integer or a string, got ${String(position)}. Use the parameter's index in the network, or a name.`, { position });
  }
  return [0, position | 0, Math.floor(position / 0x100000000) | 0];
}

import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import { WarmstartError } from "../errors.js";
import { hashWords, seedWords } from "./hash.js";
import { ziggurat } from "./ziggurat.js";

/** A stream of random numbers on the host. */
export interface RandomGenerator {
  /** Uniform in `[0, 1)`, a multiple of 2⁻³². */
  uniform(): number;
  /** An integer in `[0, bound)`, without bias. */
  integer(bound: number): number;
  /** Normal with mean 0 and variance 1. */
  normal(): number;
}

/**
 * The random numbers of one seed: xoroshiro128+ (pure-rand), its state hashed from all 53 bits of the seed. They are made on
 * the host, so that every backend sees the same ones; a changed stream is a breaking change of this package.
 *
 * Normals are a ziggurat's. `Math.exp` and `Math.log` may differ in the last of 53 bits between JavaScript engines, which
 * rounding to float32 nearly always hides.
 *
 * @throws {WarmstartError} INVALID_OPTION when the seed is no integer of at most 53 bits.
 *
 * @example
 * const generator = randomGenerator(7);
 * const dice = 1 + generator.integer(6);
 */
export function randomGenerator(seed: number): RandomGenerator {
  const [low, high] = seedWords("randomGenerator", seed);
  const stream = xoroshiro128plusFromState([...hashWords([low, high, 0]), ...hashWords([low, high, 1])]);
  const uniform = () => (stream.next() >>> 0) * 2 ** -32;
  return {
    uniform,
    normal: ziggurat(() => stream.next()),
    integer(bound) {
      if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
        throw new WarmstartError("INVALID_OPTION", `integer: bound must be an integer between 1 and 2^32, got ${bound}.`, { bound });
      }
      const unbiased = 2 ** 32 - (2 ** 32 % bound);
      let draw = stream.next() >>> 0;
      while (draw >= unbiased) draw = stream.next() >>> 0;
      return draw % bound;
    },
  };
}

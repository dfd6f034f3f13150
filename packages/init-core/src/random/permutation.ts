import { WarmstartError } from "../errors.js";
import { randomGenerator } from "./generator.js";

/**
 * The numbers 0 … n − 1 in random order, each order equally likely (Fisher and Yates). On the host:
 * `tf.tensor1d(permutation(n, seed), "int32")` where a tensor is needed.
 *
 * @throws {WarmstartError} INVALID_OPTION when n is no non-negative integer, or the seed none of at most 53 bits.
 *
 * @example
 * for (const row of permutation(rows.length, 3)) use(rows[row]);
 */
export function permutation(n: number, seed: number): Int32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) throw new WarmstartError("INVALID_OPTION", `permutation: n must be an integer between 0 and 2^31 - 1, got ${n}.`, { n });
  const generator = randomGenerator(seed);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}

import { expect } from "vitest";

/** Every entry within `absolute + relative * |expected|`; the message names the worst entry. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, absolute = 1e-5, relative = 1e-5): void {
  expect(actual.length, "length").toBe(expected.length);
  let worst = -Infinity;
  let at = -1;
  for (let i = 0; i < expected.length; i++) {
    const excess = Math.abs(actual[i]! - expected[i]!) - (absolute + relative * Math.abs(expected[i]!));
    if (!(excess <= worst)) {
      worst = excess;
      at = i;
      if (Number.isNaN(excess)) break;
    }
  }
  expect(worst <= 0, `entry ${at}: got ${actual[at]}, expected ${expected[at]} (± ${absolute} + ${relative} relative)`).toBe(true);
}

// Where the marks of an axis stand, and how they are written.
import { formatNumber, powerOfTen } from "./figures.js";

/** Least and largest; `[1, 1]` of nothing. */
export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? [1, 1] : [low, high];
}

/** Marks on a linear axis. */
export const tickFormat = (value: number): string => formatNumber(value, 4);

/** Marks on a logarithmic axis: all as powers of ten, or none. */
export function logTickFormat(ticks: readonly number[]): (value: number) => string {
  const powers = ticks.every((tick) => Number.isInteger(Math.log10(tick)));
  if (!powers || ticks.every((tick) => tick >= 1e-3 && tick < 1e5)) return tickFormat;
  return (value) => powerOfTen(Math.round(Math.log10(value)));
}

/** Exact where a double can be, which `10 ** -4` is not. */
export const tenTo = (power: number): number => Number(`1e${power}`);

/** At most `count` marks on a logarithmic axis: powers of ten; 1, 2 and 5 times these where there are fewer than three; else whole multiples, or the ends. */
export function logTicks(low: number, high: number, count: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const powers = last - first + 1;
  if (powers >= 3) {
    const step = Math.ceil(powers / count);
    return Array.from({ length: powers }, (_, i) => first + i).filter((power) => power % step === 0).map(tenTo);
  }
  for (const digits of [[1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const ticks = Array.from({ length: Math.max(powers, 0) + 2 }, (_, i) => first - 1 + i)
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
    if (ticks.length > 1) return ticks;
  }
  return low === high ? [low] : [low, high];
}

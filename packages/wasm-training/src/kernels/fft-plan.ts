import { transformFloat64 } from "./fft-float64.js";

/**
 * How rows of one length are transformed, with the constants, computed in float64, that the module reads:
 * `stockham` for powers of two from 16 on, `matrix` (`"2n 2n"`, applied to rows of pairs) for what else is short, `bluestein` for
 * what else is long.
 */
export type FftPlan =
  | { readonly method: "matrix"; readonly tables: Float32Array }
  | { readonly method: "stockham"; readonly tables: Float32Array }
  /** `tables`: twiddles for m, then the factors before `"n"`, the filter `"m"` and the factors after `"n"` as pairs. */
  | { readonly method: "bluestein"; readonly tables: Float32Array; readonly padded: number; readonly twiddles: number };

const LARGEST_MATRIX = 28;
const KEPT_BYTES = 8 << 20;
const plans = new Map<string, FftPlan>(); // the one used last is last

const isStockham = (n: number): boolean => n >= 16 && Number.isInteger(Math.log2(n));

/** Planned once a length and, where that matters, a direction; the plans used longest ago go when they exceed 8 MB together. */
export function planFft(n: number, inverse: boolean): FftPlan {
  const key = `${n}${inverse && !isStockham(n) ? " inverse" : ""}`;
  const plan = plans.get(key) ?? createPlan(n, inverse);
  plans.delete(key);
  plans.set(key, plan);
  let bytes = [...plans.values()].reduce((sum, { tables }) => sum + tables.byteLength, 0);
  for (const [oldest, { tables }] of plans) {
    if (bytes <= KEPT_BYTES || oldest === key) break;
    plans.delete(oldest);
    bytes -= tables.byteLength;
  }
  return plan;
}

function createPlan(n: number, inverse: boolean): FftPlan {
  if (isStockham(n)) return { method: "stockham", tables: twiddlesOf(n) };
  if (n <= LARGEST_MATRIX) return { method: "matrix", tables: matrixOf(n, inverse) };
  return bluesteinPlan(n, inverse);
}

/** A complex number times e^(-2πi jk/n) as real numbers: the transform of one row is the row times this. */
function matrixOf(n: number, inverse: boolean): Float32Array {
  const out = new Float32Array(4 * n * n);
  const scale = inverse ? 1 / n : 1;
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < n; k++) {
      const angle = ((inverse ? -2 : 2) * Math.PI * ((j * k) % n)) / n;
      const [cos, sin] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
      const at = 4 * n * j + 2 * k;
      out[at] = cos;
      out[at + 1] = -sin;
      out[at + 2 * n] = sin;
      out[at + 2 * n + 1] = cos;
    }
  }
  return out;
}

/** e^(-2πi jp/length) for j = 1, 2, 3: in the first pass re and im of each for four p at a time, later for one. */
function twiddlesOf(n: number): Float32Array {
  let size = 0;
  for (let length = n; length > 4; length /= 4) size += (length / 4) * 6;
  const out = new Float32Array(size);
  let at = 0;
  for (let length = n, lanes = 4; length > 4; length /= 4, lanes = 1) {
    for (let p = 0; p < length / 4; p += lanes) {
      for (let j = 1; j <= 3; j++) {
        for (let lane = 0; lane < lanes; lane++) {
          const angle = (-2 * Math.PI * j * (p + lane)) / length;
          out[at + lane] = Math.cos(angle);
          out[at + lanes + lane] = Math.sin(angle);
        }
        at += 2 * lanes;
      }
    }
  }
  return out;
}

/** jk = (j² + k² - (k - j)²) / 2 makes of the transform a convolution with a chirp, which is longer than n by n - 1. */
function bluesteinPlan(n: number, inverse: boolean): FftPlan {
  const padded = 2 ** Math.ceil(Math.log2(2 * n - 1));
  // e^(-πi k²/n), the square taken modulo 2n by its differences, since it leaves the integers of float64 for huge n.
  const chirp = Array.from({ length: n }, (): [number, number] => [0, 0]);
  for (let k = 0, square = 0; k < n; square = (square + 2 * k + 1) % (2 * n), k++) {
    const angle = ((inverse ? 1 : -1) * Math.PI * square) / n;
    chirp[k] = [Math.cos(angle), Math.sin(angle)];
  }
  const [re, im] = [new Float64Array(padded), new Float64Array(padded)];
  chirp.forEach(([cos, sin], k) => {
    for (const at of [k, (padded - k) % padded]) {
      re[at] = cos;
      im[at] = -sin;
    }
  });
  transformFloat64(re, im);
  const own = twiddlesOf(padded);
  const tables = new Float32Array(own.length + 4 * n + 2 * padded);
  tables.set(own);
  const [before, filter, after] = [own.length, own.length + 2 * n, own.length + 2 * n + 2 * padded];
  chirp.forEach(([cos, sin], k) => {
    tables.set([cos, sin], before + 2 * k);
    tables.set(inverse ? [cos / n, sin / n] : [cos, sin], after + 2 * k);
  });
  for (let k = 0; k < padded; k++) tables.set([re[k]! / padded, im[k]! / padded], filter + 2 * k);
  return { method: "bluestein", tables, padded, twiddles: own.length };
}

// Arguments are checked at the public functions; the code inside relies on it.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor2D } from "@tensorflow/tfjs-core";
import { LinalgError } from "./errors.js";

/** Rows and columns of a matrix. Throws `SHAPE_MISMATCH` if `a` is not 2-D or has no entries. */
export function matrixShape(where: string, name: string, a: Tensor2D): [rows: number, columns: number] {
  const shape: readonly number[] = a.shape;
  const [rows, columns] = shape;
  if (shape.length !== 2 || !rows || !columns) {
    throw new LinalgError("SHAPE_MISMATCH", `${where}: \`${name}\` must be a matrix with at least one row and one column, got shape [${shape.join(", ")}]. Reshape it to two axes first.`, { shape });
  }
  return [rows, columns];
}

/** The side of a square matrix. Throws `SHAPE_MISMATCH` for any other shape. */
export function squareSide(where: string, name: string, a: Tensor2D): number {
  const [rows, columns] = matrixShape(where, name, a);
  if (rows !== columns) throw new LinalgError("SHAPE_MISMATCH", `${where}: \`${name}\` must be square, got shape [${rows}, ${columns}].`, { shape: [rows, columns] });
  return rows;
}

/** Throws `INVALID_OPTION` unless `value` is an integer in `[low, high]`. */
export function requireInteger(where: string, name: string, value: number, low: number, high = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  const range = high === Number.MAX_SAFE_INTEGER ? `an integer of at least ${low}` : `an integer from ${low} to ${high}`;
  throw new LinalgError("INVALID_OPTION", `${where}: \`${name}\` must be ${range}, got ${value}.`, { [name]: value, low, high });
}

/** Throws `INVALID_OPTION` unless `value` is finite and not negative. */
export function requireNonNegative(where: string, name: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new LinalgError("INVALID_OPTION", `${where}: \`${name}\` must be a finite number of at least 0, got ${value}.`, { [name]: value });
}

const notFinite = (where: string, name: string, shape: readonly number[]) =>
  new LinalgError("NOT_FINITE", `${where}: \`${name}\` of shape [${shape.join(", ")}] contains NaN or infinity. Look for the step that made it (a division by zero, a diverged loss) and leave such values out.`, { shape });

/** Throws `NOT_FINITE` if host data contain NaN or infinity. */
export function requireFinite(where: string, name: string, data: ArrayLike<number>, shape: readonly number[]): void {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i]!)) throw notFinite(where, name, shape);
}

/**
 * The mean of `|a|`, by one reduction on the backend and one number read: 0 for a zero matrix, else the unit in which squares neither overflow nor vanish.
 * A sum carries NaN and infinity on every backend (a maximum does not), so this is also where `NOT_FINITE` is found without reading the matrix.
 */
export async function magnitude(where: string, name: string, a: Tensor2D): Promise<number> {
  const mean = await meanMagnitude(a);
  if (Number.isFinite(mean)) return mean;
  const largest = Number.isNaN(mean) ? mean : await scalar(tf.tidy(() => tf.max(tf.abs(a)))); // the sum alone may have overflowed
  if (Number.isFinite(largest)) return largest;
  throw notFinite(where, name, a.shape);
}

/** The mean of `|a|` as the backend adds it up; not finite if an entry is not, or if the sum overflows. */
export async function meanMagnitude(a: Tensor2D): Promise<number> {
  return (await scalar(tf.tidy(() => tf.sum(tf.abs(a))))) / a.size;
}

/** What to divide a matrix of this magnitude by before squaring it in float32: 1 where that is safe anyway. */
export function unitOf(size: number): number {
  return size === 0 || (size > 1e-8 && size < 1e8) ? 1 : size;
}

async function scalar(t: tf.Tensor): Promise<number> {
  try {
    return (await t.data())[0]!;
  } finally {
    t.dispose();
  }
}

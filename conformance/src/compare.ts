// How a result is compared with the expected one, in float64. The kinds and their rules are those of cases/README.md.
import { columns, projector, rows, type Matrix } from "./matrix.js";
import { isEntries, isObject, type Entries, type Value } from "./values.js";

export type Kind = "exact" | "close" | "differs" | "multiset" | "rows-up-to-sign" | "columns-up-to-sign" | "row-subspace" | "column-subspace";

export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** `share`: the largest error divided by what is allowed, at most 1 for a pass; Infinity where nothing is allowed. */
export interface Comparison {
  readonly share: number;
  /** What is wrong, or the worst entry. */
  readonly message: string;
}

const fine: Comparison = { share: 0, message: "equal" };
const wrong = (message: string): Comparison => ({ share: Infinity, message });
const worse = (a: Comparison, b: Comparison): Comparison => (b.share > a.share ? b : a);

/** Compares by `kind`; passes when the returned share is at most 1. */
export function compare(kind: Kind, actual: Value, expected: Value, tolerance: Tolerance): Comparison {
  if (kind === "exact") return exact(actual, expected);
  const [a, e] = [flat(actual), flat(expected)];
  if (a === undefined || e === undefined) return wrong(`"${kind}" needs numbers or flat lists, got ${describe(actual)} for ${describe(expected)}`);
  if (!sameShape(a.shape, e.shape)) return wrong(`shape is [${a.shape}], expected [${e.shape}]`);
  if (kind === "multiset") return exactEntries({ shape: a.shape, data: sorted(a.data) }, { shape: e.shape, data: sorted(e.data) });
  const [x, y] = [numbers(a), numbers(e)];
  if (x === undefined || y === undefined) return wrong(`"${kind}" needs numbers, got ${describe(actual)} for ${describe(expected)}`);
  if (kind === "close") return close(x, y, tolerance);
  if (kind === "differs") return differs(x, y, tolerance);
  if (e.shape.length !== 2) return wrong(`"${kind}" needs a matrix, the shape is [${e.shape}]`);
  const [actualMatrix, expectedMatrix] = [matrix(x, a.shape), matrix(y, e.shape)];
  switch (kind) {
    case "rows-up-to-sign":
      return upToSign(rows(actualMatrix), rows(expectedMatrix), tolerance, "row");
    case "columns-up-to-sign":
      return upToSign(columns(actualMatrix), columns(expectedMatrix), tolerance, "column");
    case "row-subspace":
      return subspace(rows(actualMatrix), rows(expectedMatrix), tolerance);
    case "column-subspace":
      return subspace(columns(actualMatrix), columns(expectedMatrix), tolerance);
    default:
      return wrong(`there is no kind of comparison "${kind as string}"`);
  }
}

const allowed = ({ absolute, relative }: Tolerance, expected: number) => absolute + relative * Math.abs(expected);

/** The error of one number as a share of its tolerance: NaN matches only NaN, an infinity only the same one. */
function shareOf(actual: number, expected: number, tolerance: Tolerance): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(actual - expected) / allowed(tolerance, expected);
}

function close(actual: readonly number[], expected: readonly number[], tolerance: Tolerance, where = "entry "): Comparison {
  return expected.reduce((worst, e, i) => worse(worst, { share: shareOf(actual[i]!, e, tolerance), message: `${where}${i} is ${actual[i]}, expected ${e} ± ${allowed(tolerance, e).toPrecision(3)}` }), fine);
}

/** The inverse of `close`, for what a tempting mistake gives; a NaN on one side only is no difference but an error. */
function differs(actual: readonly number[], mistaken: readonly number[], tolerance: Tolerance): Comparison {
  const shares = mistaken.map((e, i) => shareOf(actual[i]!, e, tolerance));
  if (mistaken.some((e, i) => Number.isNaN(e) !== Number.isNaN(actual[i]!))) return wrong("NaN on one side only");
  const largest = Math.max(0, ...shares);
  return largest > 1 ? { share: 1 / largest, message: "differs" } : wrong(`is what the mistake gives (largest difference ${largest.toPrecision(3)} of the tolerance)`);
}

function upToSign(actual: readonly number[][], expected: readonly number[][], tolerance: Tolerance, what: string): Comparison {
  return expected.reduce((worst, e, i) => {
    const a = actual[i]!;
    const inner = a.reduce((sum, value, j) => (Number.isFinite(value * e[j]!) ? sum + value * e[j]! : sum), 0);
    const turned = inner >= 0 ? a : a.map((value) => -value);
    return worse(worst, close(turned, e, tolerance, `${what} ${i}${inner >= 0 ? "" : ", turned,"} entry `));
  }, fine);
}

function subspace(actual: readonly number[][], expected: readonly number[][], tolerance: Tolerance): Comparison {
  const [a, e] = [projector(actual), projector(expected)];
  if (a === undefined || e === undefined) return wrong(`${a === undefined ? "the result" : "the expected value"} has not full rank, so its span has fewer dimensions`);
  return close(a, e, tolerance, "entry of the projector ");
}

/** Entry by entry, key by key: integers equal, fractions equal in float32, booleans and strings equal. */
function exact(actual: Value, expected: Value): Comparison {
  const [a, e] = [flat(actual), flat(expected)];
  if (a !== undefined && e !== undefined) return exactEntries(a, e);
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (actual.length !== expected.length) return wrong(`has ${actual.length} items, expected ${expected.length}`);
    return expected.reduce<Comparison>((worst, item: Value, i) => worse(worst, within(`item ${i}`, exact(actual[i] as Value, item))), fine);
  }
  if (isObject(expected) && !isEntries(expected) && isObject(actual) && !isEntries(actual)) {
    return Object.entries(expected).reduce<Comparison>((worst, [key, item]) => worse(worst, within(`"${key}"`, key in actual ? exact(actual[key] as Value, item as Value) : wrong("is missing"))), fine);
  }
  return wrong(`is ${describe(actual)}, expected ${describe(expected)}`);
}

const within = (where: string, { share, message }: Comparison): Comparison => ({ share, message: `${where}: ${message}` });

function exactEntries(actual: Entries, expected: Entries): Comparison {
  if (!sameShape(actual.shape, expected.shape)) return wrong(`shape is [${actual.shape}], expected [${expected.shape}]`);
  for (let i = 0; i < expected.data.length; i++) {
    if (!same(actual.data[i]!, expected.data[i]!)) return wrong(`entry ${i} is ${JSON.stringify(actual.data[i])}, expected exactly ${JSON.stringify(expected.data[i])}`);
  }
  return fine;
}

function same(a: number | boolean | string, e: number | boolean | string): boolean {
  if (typeof e === "boolean") return a === e || a === Number(e); // backends without booleans have 0 and 1
  if (typeof e !== "number" || typeof a !== "number") return a === e;
  if (Number.isNaN(e)) return Number.isNaN(a);
  return Number.isInteger(e) ? a === e : Math.fround(a) === Math.fround(e);
}

/** A scalar, a flat list or a tensor as entries with a shape; undefined for the rest. */
function flat(value: Value): Entries | undefined {
  if (isEntries(value)) return value;
  if (Array.isArray(value)) return value.every((item) => typeof item !== "object") ? { shape: [value.length], data: value as (number | boolean | string)[] } : undefined;
  return typeof value === "object" || value === undefined ? undefined : { shape: [], data: [value as number | boolean | string] };
}

const shapeName = (shape: readonly number[]) => (shape.length === 1 && shape[0] === 1 ? "" : shape.join()); // [1] counts as []
const sameShape = (a: readonly number[], e: readonly number[]) => shapeName(a) === shapeName(e);

function numbers({ data }: Entries): number[] | undefined {
  const list = Array.from(data);
  return list.every((value) => typeof value === "number") ? list : undefined;
}

const matrix = (data: readonly number[], shape: readonly number[]): Matrix => ({ data, rows: shape[0]!, columns: shape[1]! });

const sorted = (data: Entries["data"]) => Array.from(data).sort((a, b) => (typeof a === "number" && typeof b === "number" ? a - b : Number(String(a) > String(b)) - Number(String(a) < String(b))));

function describe(value: Value): string {
  if (isEntries(value)) return `a tensor of shape [${value.shape}]`;
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, 60);
}

// The values of a reference case: JSON as it stands in the file, and the form in which two values are compared.

/** What JSON can hold. Non-finite numbers are the strings "NaN", "Infinity" and "-Infinity". */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A tensor in a case: `data` is flat and row-major, `shape: []` is a scalar. */
export interface TensorJson {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "uint8" | "bool" | "string";
  readonly data: readonly (number | boolean | string)[];
}

/** A tensor as read from a case or from a backend. */
export interface Entries {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | boolean | string>;
}

/** What a runner returns under a name of `expected`. */
export type Value = number | boolean | string | Entries | readonly Value[] | { readonly [key: string]: Value };

const nonFinite: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity };

export const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
export const isEntries = (value: unknown): value is Entries => isObject(value) && "shape" in value && "data" in value;

/** Non-finite numbers as numbers; strings only in tensors that say so. */
export function readValue(json: Json): Value {
  if (json === null) throw new Error('a value is null; the reference cases spell "none" by leaving it out');
  if (typeof json === "string") return Object.hasOwn(nonFinite, json) ? nonFinite[json]! : json;
  if (Array.isArray(json)) return json.map(readValue);
  if (!isObject(json)) return json as number | boolean;
  if (isEntries(json)) return readTensor(json as unknown as TensorJson);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, readValue(value as Json)]));
}

/** `{shape, data}` with the data of numeric tensors as numbers. */
export function readTensor({ shape, dtype, data }: TensorJson): Entries {
  return { shape, data: dtype === "string" || dtype === "bool" ? data : data.map((value) => (typeof value === "string" ? nonFinite[value]! : value)) };
}

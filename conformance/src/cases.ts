// Finds reference cases in folders and reads them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Kind, Tolerance } from "./compare.js";
import { isObject, readTensor, readValue, type Entries, type Json, type TensorJson, type Value } from "./values.js";

export interface ReferenceCase {
  /** Path below the folder it was found in, without `.json`: "lora/eva-worked". */
  readonly name: string;
  /** "family/verb". */
  readonly operation: string;
  /** Folder of the case's file, to which `options.folder` is relative. */
  readonly folder: string;
  readonly options: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, Entries>>;
  readonly expected: Readonly<Record<string, Value>>;
  readonly compare: Readonly<Record<string, Kind>>;
  readonly tolerance: Tolerance & { readonly byName?: Readonly<Record<string, Tolerance>> };
}

/** The cases that a clone carries: those of every operation that is implemented. */
export const defaultCases = fileURLToPath(new URL("../cases", import.meta.url));

/** Every case under the folders, in order of path. JSON without an `operation` belongs to some case, and is no case. */
export function findCases(folders: readonly string[]): ReferenceCase[] {
  return folders.flatMap((folder) => {
    if (!existsSync(folder)) throw new Error(`there is no folder "${folder}" to read cases from`);
    const names = (readdirSync(folder, { recursive: true }) as string[]).map((name) => name.replaceAll("\\", "/"));
    return names
      .filter((name) => name.endsWith(".json"))
      .sort()
      .flatMap((name) => readCase(join(folder, name), name.replace(/\.json$/, "")) ?? []);
  });
}

/** Whether a case belongs to an operation ("lora/eva"), to its family or to its folder ("lora"). */
export const belongsTo = (only: string) => (reference: ReferenceCase) => [reference.operation, reference.operation.split("/")[0], basename(reference.folder)].includes(only);

function readCase(path: string, name: string): ReferenceCase | undefined {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(json) || typeof json.operation !== "string") return undefined;
  const { operation, options, inputs, expected, compare, tolerance } = json as unknown as Omit<ReferenceCase, "inputs" | "expected"> & { inputs: Record<string, TensorJson>; expected: Record<string, Json> };
  for (const expectedName of Object.keys(expected)) {
    if (compare[expectedName] === undefined) throw new Error(`${path} expects "${expectedName}", but does not say how to compare it`);
  }
  return {
    name,
    operation,
    folder: dirname(path),
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)),
    inputs: mapValues(inputs, readTensor),
    expected: mapValues(expected, readValue),
    compare,
    tolerance,
  };
}

const mapValues = <A, B>(object: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value)]));

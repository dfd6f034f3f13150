// Expected values that are just wrong enough: each entry in turn, each shape, each key. All of them must fail.
import { compare, type Kind, type Tolerance } from "./compare.js";
import { isEntries, isObject, type Entries, type Value } from "./values.js";

export interface Perturbation {
  readonly where: string;
  readonly changed: Value;
}

/** Changes of one expected value, `actual` being what passes. */
export function perturbations(kind: Kind, expected: Value, actual: Value, tolerance: Tolerance): Perturbation[] {
  if (kind === "differs") return [{ where: "the mistake", changed: actual }]; // then it no longer differs
  if (isEntries(expected)) return [...entryPerturbations(kind, expected, tolerance), ...shapePerturbations(expected)];
  if (Array.isArray(expected)) {
    const items = expected.flatMap((item: Value, i) => perturbations(kind, item, actual, tolerance).map(({ where, changed }) => ({ where: `item ${i}: ${where}`, changed: expected.with(i, changed) as Value })));
    return [...items, { where: "its length", changed: [...expected, 0] }];
  }
  if (isObject(expected)) return Object.entries(expected).flatMap(([key, item]) => perturbations(kind, item as Value, actual, tolerance).map(({ where, changed }) => ({ where: `"${key}": ${where}`, changed: { ...expected, [key]: changed } as Value })));
  return [{ where: "the value", changed: moved(kind, expected as number | boolean | string, tolerance) }];
}

function entryPerturbations(kind: Kind, { shape, data }: Entries, tolerance: Tolerance): Perturbation[] {
  const list = Array.from(data);
  const size = kind.endsWith("subspace") ? Math.max(...list.map((value) => Math.abs(value as number))) : 0;
  const changes = list.map((value, i) => ({ where: `entry ${i}`, changed: { shape, data: list.with(i, size > 0 ? (value as number) + size : moved(kind, value, tolerance)) } }));
  // An entry whose axis lies in the span anyway does not turn it.
  return size > 0 ? changes.filter(({ changed }) => compare(kind, changed, { shape, data }, tolerance).share > 3) : changes;
}

function shapePerturbations({ shape, data }: Entries): Perturbation[] {
  const list = Array.from(data);
  return [
    ...(list.length === 1 ? [] : [{ where: "its shape, flat,", changed: { shape: [1, list.length], data: list } }].filter(() => !(shape.length === 2 && shape[0] === 1))),
    { where: "its shape, one entry longer,", changed: { shape: [list.length + 1], data: [...list, 0] } },
  ];
}

/** Three tolerances off where there is one: at least two from anything that passed. */
function moved(kind: Kind, value: number | boolean | string, { absolute, relative }: Tolerance): number | boolean | string {
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}?`;
  if (!Number.isFinite(value)) return 0;
  if (kind === "exact" || kind === "multiset") return value + 1;
  return value + Math.sign(value || 1) * 3 * (absolute + relative * Math.abs(value));
}

// Classes by name, numbered.
/** A value that names a class; nothing where it is not known. */
export type ClassValue = string | number | boolean | null | undefined;

/** The classes in order, by size where all are numbers and by name otherwise, and that of each value, -1 for none. */
export function classesOf(values: readonly ClassValue[]): { labels: Int32Array; classNames: readonly string[]; numClasses: number } {
  const names = values.map((value) => (value === null || value === undefined ? undefined : String(value)));
  const distinct = [...new Set(names.filter((name) => name !== undefined))];
  const numeric = distinct.every((name) => name.trim() !== "" && Number.isFinite(Number(name)));
  const classNames = distinct.sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
  const numbers = new Map(classNames.map((name, i) => [name, i]));
  return { labels: Int32Array.from(names, (name) => (name === undefined ? -1 : numbers.get(name)!)), classNames, numClasses: classNames.length };
}

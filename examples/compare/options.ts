// Options that all comparisons have.
import type { ParseArgsConfig } from "node:util";

export const sharedOptions = { seeds: { type: "string", default: "3" }, steps: { type: "string" }, backend: { type: "string" }, report: { type: "boolean", default: false } } as const satisfies ParseArgsConfig["options"];

/** The user asked for what there is not: told without a stack. */
export class UsageError extends Error {}

/** Runs a program from the command line: a UsageError is one line, and exit code 2. */
export async function runProgram(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** @throws {UsageError} when the text is no whole number of at least 1. */
export function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`compare: --${name} is a whole number of at least 1; got ${text}`);
  return value;
}

/** @throws {UsageError} when one of `given` is not among `known`. */
export function namesAmong<T extends string>(name: string, given: readonly string[], known: readonly T[]): T[] {
  const unknown = given.find((value) => !known.some((one) => one === value));
  if (unknown !== undefined) throw new UsageError(`compare: --${name} is ${known.join(" or ")}; got ${unknown}`);
  return known.filter((value) => given.includes(value));
}

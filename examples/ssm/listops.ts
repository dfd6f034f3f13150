// ListOps of Long Range Arena (Nangia and Bowman 2018; Tay et al. 2020): nested lists of digits under MIN, MAX, MED and SM, whose value is a digit. Generated as by the arena's
// listops.py, with its settings as defaults; the random numbers are others, so these are other expressions of the same distribution.
//   npm run listops -- --out DIR [--train N] [--val N] [--test N] [--seed N]   writes basic_train.tsv, basic_val.tsv and basic_test.tsv
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { randomGenerator } from "@warmstart/init-core";
import { runProgram, UsageError, wholeNumber } from "../compare/options.js";

export interface ListOpsOptions {
  /** Levels of a tree, the root's included. Default 10. */
  readonly maxDepth?: number;
  /** Arguments of an operator, from 2 on. Default 10. */
  readonly maxArgs?: number;
  /** Operators, digits and closing brackets of an expression are more than the first and fewer than the second; parentheses do not count. Defaults 500 and 2000. */
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly seed?: number;
}

export interface Expression {
  /** "( ( ( [MAX 4 ) 3 ) ] )": an operator takes its arguments one by one, in parentheses, as in the arena's files. */
  readonly source: string;
  /** 0 to 9. */
  readonly target: number;
}

/** What operators make of their digits. The median of an even number of digits is rounded down. */
const operators = {
  "[MIN": (digits: readonly number[]) => Math.min(...digits),
  "[MAX": (digits: readonly number[]) => Math.max(...digits),
  "[MED": (digits: readonly number[]) => {
    const sorted = digits.toSorted((a, b) => a - b);
    return Math.floor((sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2);
  },
  "[SM": (digits: readonly number[]) => digits.reduce((sum, digit) => sum + digit, 0) % 10,
} as const;
type Operator = keyof typeof operators;
const names = Object.keys(operators) as Operator[];

/** A digit, or an operator over trees. */
type Tree = number | { readonly operator: Operator; readonly args: readonly Tree[] };

/** Share of the nodes that are operators. */
const operatorShare = 0.25;

/** Different expressions without end, the same for a seed. */
export function* expressions({ maxDepth = 10, maxArgs = 10, minLength = 500, maxLength = 2000, seed = 0 }: ListOpsOptions = {}): Generator<Expression, never> {
  const random = randomGenerator(seed);
  const grow = (depth: number): { tree: Tree; length: number } => {
    if (depth >= maxDepth || random.uniform() >= operatorShare) return { tree: random.integer(10), length: 1 };
    const grown = Array.from({ length: 2 + random.integer(maxArgs - 1) }, () => grow(depth + 1));
    return { tree: { operator: names[random.integer(names.length)]!, args: grown.map(({ tree }) => tree) }, length: grown.reduce((sum, { length }) => sum + length, 2) };
  };
  const seen = new Set<string>();
  for (;;) {
    const { tree, length } = grow(1);
    if (length <= minLength || length >= maxLength) continue;
    const source = written(tree);
    if (seen.has(source)) continue;
    seen.add(source);
    yield { source, target: valueOf(tree) };
  }
}

const written = (tree: Tree): string => (typeof tree === "number" ? String(tree) : `( ${tree.args.reduce<string>((before, arg) => `( ${before} ${written(arg)} )`, tree.operator)} ] )`);

const valueOf = (tree: Tree): number => (typeof tree === "number" ? tree : operators[tree.operator](tree.args.map(valueOf)));

/**
 * The value of an expression, from its text, with or without parentheses.
 *
 * @throws for text that is no expression.
 */
export function evaluate(source: string): number {
  const open: { operator: Operator; digits: number[] }[] = [];
  let value: number | undefined;
  const take = (digit: number) => {
    const last = open.at(-1);
    if (last !== undefined) last.digits.push(digit);
    else if (value === undefined) value = digit;
    else throw new Error(`evaluate: one value was expected, another follows: ${digit}`);
  };
  for (const token of source.split(/\s+/)) {
    if (/^\d$/.test(token)) take(Number(token));
    else if (Object.hasOwn(operators, token)) open.push({ operator: token as Operator, digits: [] });
    else if (token === "]") {
      const { operator, digits } = open.pop() ?? { digits: [] };
      if (operator === undefined || digits.length === 0) throw new Error("evaluate: a bracket closes what was not open, or is empty");
      take(operators[operator](digits));
    } else if (!/^[()]?$/.test(token)) throw new Error(`evaluate: a digit, [MIN, [MAX, [MED, [SM, ] or a parenthesis was expected, not "${token}"`);
  }
  if (open.length > 0 || value === undefined) throw new Error(`evaluate: the expression ends with ${open.length} open brackets and ${value === undefined ? "no" : "a"} value`);
  return value;
}

/** The text of a file as the arena's `basic_train.tsv`: a header, then an expression and its value a line. */
export const toTsv = (rows: readonly Expression[]): string => `Source\tTarget\r\n${rows.map(({ source, target }) => `${source}\t${target}\r\n`).join("")}`;

function main(): void {
  const { values } = parseArgs({ options: { out: { type: "string" }, train: { type: "string", default: "96000" }, val: { type: "string", default: "2000" }, test: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } } });
  if (values.out === undefined) throw new UsageError("listops: say where the files go: --out DIR");
  mkdirSync(values.out, { recursive: true });
  const source = expressions({ seed: wholeNumber("seed", values.seed) });
  for (const part of ["train", "val", "test"] as const) {
    const file = join(values.out, `basic_${part}.tsv`);
    writeFileSync(file, toTsv(Array.from({ length: wholeNumber(part, values[part]) }, () => source.next().value)));
    console.log(file);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runProgram(main);

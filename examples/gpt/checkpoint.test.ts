import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { loadGpt, saveGpt } from "./checkpoint.js";
import { orderedBatches, sotuTokens } from "./data.js";
import { meanLoss } from "./evaluate.js";
import { buildGpt } from "./model.js";
import { vocabularySize } from "./tokenizer.js";

type LogRow = { event?: string; heldOutLoss?: number; checkpointHeldOutLoss?: number; bigramHeldOutLoss?: number };
const folder = new URL("checkpoint/", import.meta.url);
const log = readFileSync(new URL("log.jsonl", folder), "utf8").trim().split("\n").map((line) => JSON.parse(line) as LogRow);
const end = log.find(({ event }) => event === "end")!;

describe("the committed checkpoint", () => {
  it("takes at most 8 MB", () => {
    expect(statSync(new URL("weights.bin", folder)).size + statSync(new URL("model.json", folder)).size).toBeLessThan(8e6);
  });

  it("was trained to below the interpolated bigram's held-out loss, both in the log", () => {
    expect(end.bigramHeldOutLoss).toBe(log.find(({ event }) => event === "bigram")!.heldOutLoss);
    expect(end.checkpointHeldOutLoss).toBeLessThan(end.bigramHeldOutLoss!);
  });

  it("loads, and predicts held-out text better than the bigram did", async () => {
    const model = await loadGpt();
    const heldOut = sotuTokens("heldOut");
    const logits = model.predict(tf.tensor2d(heldOut.slice(0, 64), [1, 64], "int32")) as tf.Tensor;
    expect(logits.shape).toEqual([1, 64, vocabularySize]);
    expect([...(await logits.data())].every(Number.isFinite)).toBe(true);
    const loss = await meanLoss(model, orderedBatches(heldOut, { context: 64, batch: 16, limit: 3 }));
    expect(loss).toBeLessThan(end.bigramHeldOutLoss!);
    expect(loss).toBeGreaterThan(2); // held out, and of this language: a leak would show
    logits.dispose();
    model.dispose();
  });

  it("leaves the weights alone in memory, and nothing after dispose", async () => {
    await expectTensorGrowth(0, async () => {
      const model = await loadGpt();
      model.dispose();
    });
  });
});

describe("saveGpt", () => {
  it("writes float16 that loadGpt widens: within half a unit of the eleventh bit", async () => {
    const model = buildGpt({ vocabulary: 31, context: 8, width: 12, blocks: 1, heads: 3, seed: 1 });
    const out = await mkdtemp(join(tmpdir(), "gpt-"));
    try {
      const url = pathToFileURL(`${out}/`);
      await saveGpt(model, url);
      expect(statSync(join(out, "weights.bin")).size).toBe(2 * model.countParams());
      const loaded = await loadGpt(url);
      expect(loaded.getWeights().map(({ dtype }) => dtype)).toEqual(model.getWeights().map(() => "float32"));
      for (const [i, weight] of model.getWeights().entries()) expectClose(await loaded.getWeights()[i]!.data(), await weight.data(), 2 ** -25, 2 ** -11);
    } finally {
      await rm(out, { recursive: true });
    }
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { compare } from "./compare.js";
import { embeddingsTrain, start } from "./methods.js";
import { methodNames } from "./protocol.js";
import { demoReport } from "./report.js";
import { tinyMaterial, tinyProtocol } from "./tiny-material.js";
import { trainRun } from "./train.js";

const material = tinyMaterial();

describe("compare", () => {
  it("runs every adapter with every seed and full fine-tuning with the first, on the same budget, evaluated at the same steps, and frees everything", async () => {
    const steps: string[] = [];
    const runs = await expectTensorGrowth(0, () => compare(material, { ...tinyProtocol, seeds: [1, 2] }, { onStep: ({ method, seed }, { step }) => steps.push(`${method} ${seed} ${step}`) }));
    expect(runs.map(({ method, seed }) => `${method} ${seed}`)).toEqual(methodNames.flatMap((method) => (method === "full" ? ["full 1"] : [`${method} 1`, `${method} 2`])));
    for (const { points } of runs) {
      expect(points.map(({ step }) => step)).toEqual([0, 2, 4, 5]);
      expect(points.every(({ heldOutLoss }) => Number.isFinite(heldOutLoss))).toBe(true);
      expect(points.map(({ seconds }) => seconds)).toEqual(points.map(({ seconds }) => seconds).toSorted((a, b) => a - b));
      expect(points.at(-1)!.heldOutLoss).toBeLessThan(points[0]!.heldOutLoss);
    }
    expect(steps).toHaveLength(9 * tinyProtocol.steps);
  });

  it("starts LoRA default, PiSSA and EVA at the base's own loss, and LoRA-SB one step below it", async () => {
    const runs = await compare(material, { ...tinyProtocol, steps: 1 });
    const startOf = (method: string) => runs.find((run) => run.method === method)!.points[0]!.heldOutLoss;
    for (const method of ["kaiming", "pissa", "eva"]) expect(Math.abs(startOf(method) - startOf("full"))).toBeLessThan(1e-4);
    expect(startOf("lora-sb")).toBeLessThan(startOf("full") - 1e-3);
  });

  it("gives the data for all plots", async () => {
    const report = demoReport(await compare(material, { ...tinyProtocol, steps: 1 }), { facts: {}, protocol: tinyProtocol });
    expect(report.plots.length).toBeGreaterThanOrEqual(7);
    for (const { series } of report.plots) for (const { x, y } of series) expect(y).toHaveLength(x.length);
  });
});

describe("trainRun", () => {
  it("is repeatable, and depends on the seed", async () => {
    const base = await material.loadBase();
    const final = async (seed: number) => (await trainRun("kaiming", seed, base, material, { ...tinyProtocol, steps: 2 })).points.at(-1)!.heldOutLoss;
    const [first, again, other] = [await final(1), await final(1), await final(2)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("leaves nothing behind when the loss is no longer a number, and says whose rate was too high", async () => {
    const base = await material.loadBase();
    const learningRates = { ...tinyProtocol.learningRates, full: NaN };
    await expectTensorGrowth(0, () => expect(trainRun("full", 1, base, material, { ...tinyProtocol, learningRates })).rejects.toThrow("the held-out loss of full is NaN after 2 steps; its learning rate NaN is too high"));
  });
});

describe("start", () => {
  it("trains what each method trains: all, two factors a layer, or one core a layer", async () => {
    const base = await material.loadBase();
    const count = async (method: (typeof methodNames)[number]) => {
      const { variables } = await start(method, base, material, tinyProtocol, { seed: 1 });
      return variables.reduce((sum, { size }) => sum + size, 0);
    };
    const embeddings = 30 * 16 + 8 * 16;
    const all = tf.tidy(() => base.countParams());
    expect(await count("full")).toBe(embeddingsTrain() ? all : all - embeddings);
    // q, k, v, o: (16 + 16) · r; fc1, fc2: (16 + 64) · r
    const adapters = (4 * 32 + 2 * 80) * tinyProtocol.r;
    expect(await count("kaiming")).toBe(adapters);
    expect(await count("pissa")).toBe(adapters);
    expect(await count("lora-sb")).toBe(6 * tinyProtocol.coreRank ** 2);
  });
});

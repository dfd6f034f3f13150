import * as tf from "@tensorflow/tfjs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disposeModel, networkOf } from "@warmstart/init-core";
import { countMacs } from "@warmstart/pruning-at-init";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { balancedBatch } from "../image-batches.js";
import { cifar10, fashionMnist, mnist } from "../images.js";
import { convNet, residualNet } from "./nets.js";
import { prepare } from "./prune.js";
import { openResults, type Result, type Run } from "./results.js";
import { runAll, runOnce, type Setting } from "./run.js";
import { maskMethods, removals } from "./runs.js";
import { train } from "./train.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const digits = { train: mnist("train"), test: mnist("test") };
const setting = (steps: number): Setting => ({
  net: (name, seed) => (name === "conv" ? convNet({ widths: [8, 8, 16], depth: 1, seed }) : residualNet({ widths: [4, 4, 8], depth: 2, seed })),
  training: () => ({ ...digits, steps, batch: 16, heldOut: 100, learningRate: 0.1 }),
});
const run = (more: Partial<Run>): Run => ({ part: "masks", data: "mnist", net: "conv", method: "SNIP", amount: 4, seed: 1, ...more });
const withoutTimes = (result: Result) => ({ ...result, seconds: 0, trainingSeconds: 0 });

describe("the images", () => {
  it("of Fashion-MNIST are the undamaged ones, where they are", () => {
    const fashion = fashionMnist("train");
    if (fashion !== undefined) expect([...fashion.labels.subarray(0, 10)]).toEqual([9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
  });

  it("of CIFAR-10 are read from its binary version: a label, then planes of red, green and blue", () => {
    const folder = mkdtempSync(join(tmpdir(), "cifar-"));
    const file = join(folder, "test_batch.bin");
    expect(cifar10("test", folder)).toBeUndefined();
    const bytes = new Uint8Array(10_000 * 3073);
    bytes.set([7, 10, 11], 3073); // the label of the second image, and its first two values of red
    bytes.set([20, 21], 3073 + 1 + 1024);
    bytes.set([30, 31], 3073 + 1 + 2048);
    writeFileSync(file, bytes);
    expect(cifar10("train", folder)).toBeUndefined();
    const { images, labels, shape, count } = cifar10("test", folder)!;
    expect([count, shape, [...labels.subarray(0, 3)]]).toEqual([10_000, [32, 32, 3], [0, 7, 0]]);
    expect([...images.subarray(3072, 3079)]).toEqual([10, 20, 30, 11, 21, 31, 0]);
    writeFileSync(file, bytes.subarray(1));
    expect(() => cifar10("test", folder)).toThrow("test_batch.bin has 30729999 bytes, expected 30730000. Unpack it again");
    rmSync(folder, { recursive: true });
  });

  it("make batches of as many of each class", async () => {
    const { xs, ys } = balancedBatch(digits.train, 3, 1);
    expect([...(await tf.sum(ys, 0).data())]).toEqual(Array<number>(10).fill(3));
    tf.dispose([xs, ys]);
  });
});

describe("the networks", () => {
  it("have the multiply-adds that their parts add up to", () => {
    const conv = convNet({ widths: [16, 32, 64], depth: 2, seed: 1 });
    const stage = (pixels: number, from: number, to: number) => pixels * 9 * (from * to + to * to);
    expect(countMacs(conv).total).toBe(stage(196, 1, 16) + stage(49, 16, 32) + stage(16, 32, 64) + 640);
    const residual = residualNet({ widths: [8, 16, 32], depth: 2, seed: 1 });
    const block = (pixels: number, from: number, to: number) => stage(pixels, from, to) + (from === to ? 0 : pixels * from * to);
    expect(countMacs(residual).total).toBe(196 * 9 * 8 + 2 * block(196, 8, 8) + block(49, 8, 16) + block(49, 16, 16) + block(16, 16, 32) + block(16, 32, 32) + 320);
    disposeModel(conv);
    disposeModel(residual);
  });
});

describe("a run", () => {
  it("learns, the same for the same seed, and frees everything", async () => {
    const once = (seed: number) => expectTensorGrowth(0, () => runOnce(setting(30), run({ amount: 2, seed })));
    const first = await once(1);
    expect(first.accuracy).toBeGreaterThan(25);
    expect(withoutTimes(await once(1))).toEqual(withoutTimes(first));
    expect(withoutTimes(await once(2))).not.toEqual(withoutTimes({ ...first, seed: 2 }));
  });

  it("keeps the masks through training, of every method, as many weights as asked", async () => {
    for (const method of maskMethods) {
      const { train: images } = digits;
      const batch = balancedBatch(images, 2, 1);
      const { model, pruned, weights } = await prepare(setting(1).net("conv", 1, [28, 28, 1]), run({ method, amount: 10 }), [batch]);
      const kernels = networkOf(model).parameters.filter(({ role }) => role === "kernel");
      const total = kernels.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
      const before = await Promise.all(kernels.map(({ variable }) => variable.data()));
      await train(model, setting(3).training("mnist"), 1, pruned);
      const after = await Promise.all(kernels.map(({ variable }) => variable.data()));
      expect(after.flatMap((values, k) => [...values].filter((value, i) => value !== 0 && before[k]![i] === 0)), method).toEqual([]);
      expect(after.some((values, k) => values.some((value, i) => value !== before[k]![i])), method).toBe(true);
      expect(Math.abs(weights - total / 10), method).toBeLessThanOrEqual(method === "ERK" ? 2 : 0.5);
      pruned!.dispose();
      disposeModel(model);
      tf.dispose([batch.xs, batch.ys]);
    }
  });

  it("crops to the multiply-adds asked, and gives masks as many weights", async () => {
    const [dense, crop, masks] = [await runOnce(setting(1), run({ part: "dense", method: "dense", amount: 1 })), await runOnce(setting(1), run({ part: "structured", method: "PreCrop", amount: 2 })), await runOnce(setting(1), run({ part: "structured", method: "SNIP", amount: 2 }))];
    expect(crop.macs).toBeLessThanOrEqual(dense.macs / 2);
    expect(crop.macs).toBeGreaterThan(dense.macs / 4);
    expect(masks).toMatchObject({ macs: dense.macs, weights: crop.weights });
  });

  it("takes out as many blocks as asked", async () => {
    const sizes: number[] = [];
    for (const amount of [0, ...removals]) sizes.push((await runOnce(setting(1), run({ part: "layers", net: "residual", method: "snip", amount }))).weights);
    expect(new Set(sizes).size).toBe(sizes.length);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });
});

describe("runAll", () => {
  it("goes on where it was stopped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const path = join(folder, "runs.jsonl");
    const runs = [1, 2, 3].map((seed) => run({ method: "ERK", seed }));
    const seen: number[] = [];
    await runAll(setting(1), runs.slice(0, 2), openResults(path), ({ seed }) => seen.push(seed));
    await runAll(setting(1), runs, openResults(path), ({ seed }) => seen.push(seed));
    expect(seen).toEqual([1, 2, 3]);
    expect(openResults(path).all().map(({ seed }) => seed)).toEqual([1, 2, 3]);
    await runAll(setting(2), runs.slice(0, 1), openResults(path), ({ seed }) => seen.push(seed)); // other steps, another run
    expect(seen).toEqual([1, 2, 3, 1]);
    rmSync(folder, { recursive: true });
  });
});

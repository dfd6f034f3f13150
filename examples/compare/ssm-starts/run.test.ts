import * as tf from "@tensorflow/tfjs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { permuted, pixelByPixel } from "../../ssm/sequences.js";
import { mnist } from "../images.js";
import { openResults, type Result } from "./results.js";
import { runAll, runOnce, type Setting } from "./run.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const sequences = pixelByPixel(mnist("test"));
const setting = (steps: number): Setting => ({
  size: { features: 4, layers: 1, dState: 4 },
  training: (task, seed) => {
    const images = task === "permuted" ? permuted(sequences, seed) : sequences;
    return { train: images, test: images, steps, batch: 4, learningRate: 0.01, heldOut: 5, heldOutLast: 10, evaluateEvery: 2 };
  },
});
const withoutTimes = (result: Result) => ({ ...result, seconds: 0, trainingSeconds: 0 });

describe("a run", () => {
  it("has its course, is the same for the same seed, another for another task, and frees everything", async () => {
    const once = (task: "sequential" | "permuted", seed: number) => expectTensorGrowth(0, () => runOnce(setting(3), { task, start: "inv", seed }));
    const first = await once("sequential", 1);
    expect(first).toMatchObject({ task: "sequential", start: "inv", seed: 1, steps: 3, backend: tf.getBackend(), accuracy: first.points[1]!.accuracy });
    expect(first.points.map(({ step }) => step)).toEqual([2, 3]);
    expect(withoutTimes(await once("sequential", 1))).toEqual(withoutTimes(first));
    for (const other of [await once("sequential", 2), await once("permuted", 1)]) expect(other.points[0]!.loss).not.toBe(first.points[0]!.loss);
  });
});

describe("runAll", () => {
  it("goes on where it was stopped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const path = join(folder, "runs.jsonl");
    const runs = (["legs", "real", "random"] as const).map((start) => ({ task: "sequential" as const, start, seed: 1 }));
    const seen: string[] = [];
    const all = (steps: number, count: number) => runAll(setting(steps), steps, runs.slice(0, count), openResults(path), () => undefined, ({ start, steps: taken }, done, total) => seen.push(`${start} ${taken} ${done}/${total}`));
    await all(1, 2);
    await all(1, 3);
    expect(seen).toEqual(["legs 1 1/2", "real 1 2/2", "random 1 3/3"]);
    expect(openResults(path).all().map(({ start }) => start)).toEqual(["legs", "real", "random"]);
    await all(2, 1); // other steps, another run
    expect(seen.at(-1)).toBe("legs 2 1/1");
    rmSync(folder, { recursive: true });
  });
});

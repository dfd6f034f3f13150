import * as tf from "@tensorflow/tfjs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { problems, type Problem } from "./problems.js";
import { openResults } from "./results.js";
import { runOnce, runProblem, runsOf } from "./run.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const karate = problems.find(({ graph }) => graph === "karate")!;
const short = (steps: number): Problem => ({ ...karate, course: { hidden: 4, steps, learningRate: 0.01, evaluateEvery: 2 } });

describe("a run", () => {
  it("says what it was and has figures that are short", async () => {
    const loaded = karate.load()!;
    const seen: number[] = [];
    const [run] = runsOf(karate, ["gcn"], [2], ["kaiming"], 1);
    const result = await runOnce(loaded, short(3).course, run!, (_run, { step }) => seen.push(step));
    expect(result).toMatchObject({ task: "nodes", graph: "karate", layer: "gcn", depth: 2, start: "kaiming", seed: 1, steps: 3, hidden: 4, backend: tf.getBackend(), score: result.points[1]!.test });
    expect(seen).toEqual([2, 3]);
    expect(`${result.points[0]!.loss}`.length).toBeLessThan(8);
    loaded.dispose();
  });
});

describe("runProblem", () => {
  it("goes on where it was stopped, frees its data, and says when there are none", async () => {
    const folder = mkdtempSync(join(tmpdir(), "results-"));
    const path = join(folder, "runs.jsonl");
    const seen: string[] = [];
    const all = (problem: Problem, starts: readonly ("virgo" | "xavier")[]) => expectTensorGrowth(0, () => runProblem(problem, runsOf(problem, ["gcn"], [2], starts, 1), openResults(path), () => undefined, ({ start, steps }, done, total) => seen.push(`${start} ${steps} ${done}/${total}`)));
    expect(await all(short(1), ["virgo"])).toBe(true);
    expect(await all(short(1), ["virgo", "xavier"])).toBe(true);
    expect(seen).toEqual(["virgo 1 1/1", "xavier 1 2/2"]);
    expect(await all({ ...short(1), load: () => undefined }, ["virgo", "xavier"])).toBe(true); // nothing is missing
    expect(await all({ ...short(2), load: () => undefined }, ["virgo"])).toBe(false);
    rmSync(folder, { recursive: true });
  });
});

import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import type { GraphsData, LinkData } from "./data.js";
import { graphsProblem } from "./graphs-task.js";
import { linksProblem } from "./links-task.js";
import { layerNames } from "./model.js";
import { nodeProblem } from "./nodes-task.js";
import { karateClub } from "./small.js";
import { startNames } from "./starts.js";
import type { Outcome, Setting } from "./training.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const setting: Setting = { layer: "gcn", depth: 2, hidden: 8, steps: 6, learningRate: 0.05, evaluateEvery: 3 };
const withoutTime = (outcome: Outcome) => ({ ...outcome, trainingSeconds: 0 });

/** Runs twice with a seed and once with another; nothing is left behind. */
async function expectRuns(run: (setting: Setting, seed: number) => Promise<Outcome>): Promise<Outcome> {
  const first = await run(setting, 1);
  expect(withoutTime(await expectTensorGrowth(0, () => run(setting, 1)))).toEqual(withoutTime(first));
  expect((await run(setting, 2)).points[0]!.loss).not.toBe(first.points[0]!.loss);
  expect(first.points.map(({ step }) => step)).toEqual([3, 6]);
  expect(first.points[1]!.loss).toBeLessThan(first.points[0]!.loss!);
  expect(first.signal).toHaveLength(2);
  return first;
}

describe("node classification", () => {
  it("learns the camps of the karate club", async () => {
    await expectTensorGrowth(0, async () => {
      const club = nodeProblem(karateClub(), { each: 2 });
      const { points, score, parameters } = await expectRuns((how, seed) => club.run(how, "virgo", seed));
      expect(points.every(({ valid }) => valid === null)).toBe(true);
      expect(score).toBe(points.at(-1)!.test);
      expect(parameters).toBe(34 * 8 + 8 + 8 * 2 + 2);
      expect((await club.run({ ...setting, steps: 60, evaluateEvery: 60 }, "virgo", 1)).score).toBeGreaterThan(80);
      club.dispose();
    });
  });

  it("runs every start and layer", async () => {
    const club = nodeProblem(karateClub(), { train: 0.5, valid: 0.2 });
    for (const start of startNames) expect((await club.run(setting, start, 1)).points.at(-1)!.valid, start).not.toBeNull();
    for (const layer of layerNames) expect((await club.run({ ...setting, layer, depth: 3 }, "virgo", 1)).signal, layer).toHaveLength(3);
    club.dispose();
  });

  it("starts Xavier and Kaiming alike but for their scale", async () => {
    const club = nodeProblem(karateClub(), { each: 2 });
    const signalOf = async (start: "xavier" | "kaiming") => (await club.run({ ...setting, steps: 1 }, start, 3)).signal;
    const [xavier, kaiming] = [await signalOf("xavier"), await signalOf("kaiming")];
    // variances 2/(34 + 8) and 2/34 of the first kernel
    expect(kaiming[0]! / xavier[0]!).toBeCloseTo(42 / 34, 3);
    club.dispose();
  });
});

describe("link prediction", () => {
  // Two cliques of six.
  const pairs = [0, 6].flatMap((first) => Array.from({ length: 6 }, (_, i) => Array.from({ length: i }, (_, j) => [first + i, first + j] as const)).flat());
  const cliques: LinkData = {
    title: "cliques",
    source: "made here",
    numNodes: 12,
    from: Int32Array.from(pairs, ([from]) => from),
    kind: new Int32Array(pairs.length),
    to: Int32Array.from(pairs, ([, to]) => to),
    kinds: ["beside"],
    features: { values: Float32Array.from({ length: 144 }, (_, i) => (i % 13 === 0 ? 1 : 0)), width: 12 },
  };

  it("finds the missing links of two cliques", async () => {
    await expectTensorGrowth(0, async () => {
      const problem = linksProblem(cliques, { train: 0.6, valid: 0.2, batch: 20, ranked: 100 }, false);
      await expectRuns((how, seed) => problem.run(how, "virgo", seed));
      const { score, hits } = await problem.run({ ...setting, steps: 80, evaluateEvery: 80 }, "virgo", 1);
      problem.dispose();
      expect(hits).toBe(100); // of the seven nodes that remain
      expect(score).toBeGreaterThan(55); // by chance 37: (1 + 1/2 + … + 1/7) / 7
    });
  });

  it("ranks among some wrong ends as among all, but for their number", async () => {
    const scoreOf = async (among?: number) => {
      const problem = linksProblem(cliques, { train: 0.6, valid: 0.2, batch: 20, ranked: 100, ...(among === undefined ? {} : { among }) }, false);
      const { score, signal } = await expectTensorGrowth(0, () => problem.run({ ...setting, steps: 1, learningRate: 0 }, "virgo", 1));
      problem.dispose();
      return { score, signal };
    };
    const [all, one, many] = [await scoreOf(), await scoreOf(1), await scoreOf(200)];
    expect(all.signal).toEqual(one.signal);
    expect(one.score).toBeGreaterThanOrEqual(50); // first or second
    expect(one.score).toBeGreaterThan(all.score);
    expect(many.score).toBeLessThan(all.score); // each wrong end counts some thirty times
  });

  it("knows a directed graph from one that leads both ways", async () => {
    const lossOf = async (directed: boolean) => {
      const problem = linksProblem(cliques, { train: 0.6, valid: 0.2, batch: 20, ranked: 100 }, directed);
      const { points } = await problem.run(setting, "kaiming", 1);
      problem.dispose();
      return points[0]!.loss;
    };
    expect(await lossOf(true)).not.toBe(await lossOf(false));
  });
});

describe("graph classification", () => {
  // Twenty triangles and twenty paths of three nodes.
  const graphs: GraphsData = {
    title: "triangles and paths",
    source: "made here",
    directed: false,
    numNodes: 120,
    src: Int32Array.from(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? [3 * i, 3 * i + 1, 3 * i + 2] : [3 * i, 3 * i + 1])).flat()),
    dst: Int32Array.from(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? [3 * i + 1, 3 * i + 2, 3 * i] : [3 * i + 1, 3 * i + 2])).flat()),
    batch: Int32Array.from({ length: 120 }, (_, i) => Math.floor(i / 3)),
    numGraphs: 40,
    features: { values: Float32Array.from({ length: 120 }, (_, i) => (Math.floor(i / 3) % 2 === 0 || i % 3 === 1 ? 2 : 1)), width: 1 }, // degrees
    labels: Int32Array.from({ length: 40 }, (_, i) => i % 2),
    classes: ["triangle", "path"],
    groups: Int32Array.from({ length: 40 }, (_, i) => Math.floor(i / 4)),
  };

  it("tells triangles from paths", async () => {
    await expectTensorGrowth(0, async () => {
      const problem = graphsProblem(graphs, { train: 0.6, valid: 0.2 }, "groups");
      await expectRuns((how, seed) => problem.run(how, "virgo", seed));
      expect((await problem.run({ ...setting, steps: 60 }, "virgo", 1)).score).toBe(100);
      problem.dispose();
    });
  });
});

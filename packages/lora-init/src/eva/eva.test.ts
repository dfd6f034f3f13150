import * as tf from "@tensorflow/tfjs";
import { initialize, loadPlan, networkOf, savePlan, WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import type { LoraPlan } from "../adapter.js";
import { eva } from "./eva.js";

/** q and k read the input, o their sum: two distinct inputs for three layers. */
function model(): tf.LayersModel {
  const x = tf.input({ shape: [5, 12] });
  const [q, k] = ["q", "k"].map((name) => tf.layers.dense({ units: 12, name, activation: "tanh" }).apply(x) as tf.SymbolicTensor);
  return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 6, name: "o" }).apply(tf.layers.add().apply([q!, k!])) as tf.SymbolicTensor });
}

const batch = (seed: number, size = 16) => tf.tidy(() => tf.mul(tf.randomNormal([size, 5, 12], 0.5, 1, "float32", seed), tf.tensor1d(Array.from({ length: 12 }, (_, i) => 1 / (i + 1)))));
const batches = (count: number, size?: number) => Array.from({ length: count }, (_, i) => batch(i + 1, size));
const targetLayers = ["q", "k", "o"];
const plan = (base: tf.LayersModel, options: Partial<Parameters<typeof eva>[0]> = {}): Promise<LoraPlan> => eva({ r: 3, targetLayers, ...options, data: options.data ?? batches(6) }).plan(base);
const gap = async (down: tf.Tensor) => (await tf.max(tf.abs(tf.sub(tf.matMul(tf.transpose(down), down as tf.Tensor2D), tf.eye(down.shape[1]!)))).data())[0]!;

describe("eva", () => {
  it("starts with the base's own output, bit by bit, and orthonormal directions", async () => {
    const base = model();
    const { result, details } = await initialize(base, eva({ r: 3, targetLayers, data: batches(6) }));
    const x = batch(100);
    expect(await (result.predict(x) as tf.Tensor).data()).toEqual(await (base.predict(x) as tf.Tensor).data());
    const made = await plan(base);
    for (const { layer } of made.details.adapters) expect(await gap(made.tensors[`${layer}/down`]!)).toBeLessThan(1e-5);
    expect(details.adapters.reduce((sum, { r }) => sum + r, 0)).toBe(9);
  });

  it("gives layers with one input nested bases, and keeps every scale at loraAlpha / r", async () => {
    const made = await plan(model(), { loraAlpha: 6, rho: 2 });
    const of = (layer: string) => made.details.adapters.find((adapter) => adapter.layer === layer)!;
    for (const { scale } of made.details.adapters) expect(scale).toBeCloseTo(2, 12);
    const shared = Math.min(of("q").r, of("k").r);
    const first = (layer: string) => tf.slice(made.tensors[`${layer}/down`]!, [0, 0], [12, shared]).data();
    expect(await first("q")).toEqual(await first("k"));
  });

  it("stops after exactly two batches at tau 0, and uses maxBatches at tau 1", async () => {
    expect((await plan(model(), { tau: 0 })).report.facts.batches).toBe(2);
    const all = await plan(model(), { tau: 1, maxBatches: 9 });
    expect([all.report.facts.batches, all.report.facts.converged]).toEqual([9, false]);
    expect(all.report.notes.join()).toContain("stopped after 9 batches");
  });

  it("goes through an array again until the directions settle, but not through an iterator", async () => {
    const array = await plan(model(), { data: batches(3), tau: 0.999, maxBatches: 50 });
    expect(array.report.facts.batches).toBeGreaterThan(3);
    expect(array.report.facts.converged).toBe(true);
    const iterator = await plan(model(), { data: batches(3)[Symbol.iterator](), tau: 0.999 });
    expect(iterator.report.facts.batches).toBe(3);
  });

  it("is not moved by masked rows", async () => {
    const mask = tf.tensor2d(Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? [1, 1, 1, 0, 0] : [1, 1, 1, 1, 0])));
    const wild = batches(4).map((x) => tf.tidy(() => tf.add(x, tf.mul(1e4, tf.expandDims(tf.sub(1, mask), 2)))));
    const options = { rowMask: () => mask, tau: 1, maxBatches: 4, targetLayers: ["q", "k"] };
    const [clean, dirty] = [await plan(model(), { ...options, data: batches(4) }), await plan(model(), { ...options, data: wild })];
    expectClose(await dirty.tensors["q/down"]!.data(), await clean.tensors["q/down"]!.data(), 1e-5);
  });

  it("gives a larger first gradient of `up` than random orthonormal directions do, as the theorem says", async () => {
    const base = model();
    const x = batch(50, 64);
    const y = tf.randomNormal([64, 5, 6], 0, 1, "float32", 4);
    const made = await plan(base, { center: false, rho: 1, data: [x] });
    const [kernel] = networkOf(base).sites.filter(({ layer }) => layer === "q").map(({ kernel }) => kernel);
    const { value: _, grads } = tf.variableGrads(() => tf.losses.meanSquaredError(y, base.apply(x) as tf.Tensor).asScalar(), [kernel!.variable]);
    const energy = async (down: tf.Tensor) => (await tf.sum(tf.square(tf.matMul(tf.transpose(down), Object.values(grads)[0] as tf.Tensor2D))).data())[0]!;
    const random = await Promise.all(Array.from({ length: 8 }, async (_, seed) => energy(tf.transpose(tf.linalg.gramSchmidt(tf.randomNormal<tf.Rank.R2>([3, 12], 0, 1, "float32", seed + 1)) as tf.Tensor2D))));
    const own = await energy(made.tensors["q/down"]!);
    expect(own).toBeGreaterThan(random.reduce((sum, value) => sum + value, 0) / random.length);
  });

  it("saves, and applies to the same code built again, whatever its automatic names", async () => {
    const build = () => tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [12], activation: "tanh" }), tf.layers.dense({ units: 4 })] });
    const data = Array.from({ length: 3 }, (_, i) => tf.randomNormal([20, 12], 0, 1, "float32", i));
    const technique = eva({ r: 2, data, targetLayers: /dense/ });
    const bytes = await savePlan(await technique.plan(build()));
    const again = build();
    const loaded = loadPlan(bytes, networkOf(again));
    const x = tf.randomNormal([4, 12], 0, 1, "float32", 9);
    expectClose(await (technique.apply(again, loaded).predict(x) as tf.Tensor).data(), await (again.predict(x) as tf.Tensor).data(), 1e-6);
  });

  it("owns two tensors an adapter, and leaks nothing", async () => {
    const base = model();
    const data = batches(3);
    const made = await expectTensorGrowth(6, () => plan(base, { data, rho: 1 }));
    await expectTensorGrowth(-6, () => made.dispose());
  });

  it("explains NaN, a wrong width, no data, data that end early and options that cannot be; the model stays as it was", async () => {
    const base = model();
    const data = batches(2);
    const bad = tf.mul(data[0]!, NaN);
    const narrow = tf.zeros([2, 5, 11]);
    const tiny = tf.ones([1, 5, 12]);
    const state = await Promise.all(networkOf(base).parameters.map(async ({ variable }) => Array.from(await variable.data())));
    const before = tensorCount();
    const failure = async (options: Partial<Parameters<typeof eva>[0]>) => {
      try {
        await plan(base, { data, ...options });
      } catch (error) {
        if (WarmstartError.isInstance(error)) return `${error.code} ${error.message}`;
        throw error;
      }
      throw new Error("did not throw");
    };
    expect(await failure({ data: [data[0]!, bad] })).toMatch(/^NOT_FINITE .*layer "q".*batch 1/);
    expect(await failure({ data: [narrow] })).toMatch(/^SHAPE_MISMATCH .*\[any,5,12\], got \[2,5,11\]/);
    expect(await failure({ data: [] })).toMatch(/^INSUFFICIENT_DATA .*no batch/);
    expect(await failure({ data: [tiny][Symbol.iterator](), r: 6 })).toMatch(/^INSUFFICIENT_DATA .*5 row\(s\)/);
    expect(await failure({ rho: 0 })).toMatch(/^INVALID_OPTION .*rho/);
    expect(await failure({ r: 0 })).toMatch(/^INVALID_OPTION/);
    expect(await failure({ r: 2.5 })).toMatch(/^INVALID_OPTION/);
    expect(await failure({ r: 13 })).toMatch(/^INVALID_OPTION/);
    expect(await failure({ targetLayers: "nothing" })).toMatch(/^NO_MATCH/);
    expect(tensorCount() - before).toBe(-1); // `tiny` was yielded by an iterator, so it was disposed
    expect(await Promise.all(networkOf(base).parameters.map(async ({ variable }) => Array.from(await variable.data())))).toEqual(state);
  });

  it("stops between batches when aborted", async () => {
    const base = model();
    const controller = new AbortController();
    const endless = function* () {
      for (let i = 0; ; i++) yield batch(i);
    };
    const before = tensorCount();
    const run = eva({ r: 3, targetLayers, data: endless, tau: 1, maxBatches: 10_000 }).plan(base, { signal: controller.signal, onProgress: ({ done }) => done === 3 && controller.abort(new Error("enough")) });
    await expect(run).rejects.toThrow("enough");
    expect(tensorCount()).toBe(before);
  });
});

import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, layersOf, loadPlan, networkOf, savePlan, type WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterEach, describe, expect, it } from "vitest";
import { countMacs } from "../cost/count-macs.js";
import { applyCrop } from "./apply-crop.js";
import { entriesOf, firstChannels } from "./channel-axis.js";
import { channelGroups } from "./channel-groups.js";
import { netA, resnet20 } from "./models.fixture.js";
import { planCrop } from "./plan-crop.js";
import { preConfig, preCrop, type PreCropOptions } from "./pre-crop.js";
import { topologies } from "./topologies.fixture.js";

const models: tf.LayersModel[] = [];
const keep = <M extends tf.LayersModel>(model: M): M => (models.push(model), model);
afterEach(() => models.splice(0).forEach(disposeModel));

const code = (name: string) => expect.objectContaining({ code: name }) as WarmstartError;
const topology = (model: tf.LayersModel) => JSON.stringify(model.getConfig());
const valuesOf = async (model: tf.LayersModel) => Object.fromEntries(await Promise.all(networkOf(model).parameters.map(async ({ path, variable }) => [path, Array.from(await variable.data())] as const)));

/** Random weights without zeros to hide behind; variances stay positive. */
function randomize(model: tf.LayersModel): void {
  for (const [i, { path, variable }] of networkOf(model).parameters.entries()) {
    tf.tidy(() => variable.assign(path.endsWith("variance") ? tf.randomUniform(variable.shape, 0.5, 2, "float32", i + 1) : tf.randomNormal(variable.shape, 0, 0.4, "float32", i + 1)));
  }
}

function inputsOf(model: tf.LayersModel): tf.Tensor[] {
  return model.inputs.map(({ shape }, i) => tf.randomNormal([2, ...shape.slice(1)] as number[], 0, 1, "float32", 77 + i));
}

async function outputOf(model: tf.LayersModel): Promise<number[]> {
  const outputs = tf.tidy(() => [model.predict(inputsOf(model))].flat() as tf.Tensor[]);
  const values = (await Promise.all(outputs.map((output) => output.data()))).flatMap((data) => Array.from(data));
  tf.dispose(outputs);
  return values;
}

describe("preCrop", () => {
  it("builds a smaller net of the same layers, with the widths of the worked example", async () => {
    const model = keep(netA());
    const { result, report, details } = await initialize(model, preCrop({ budget: { params: 0.25 } }), { seed: 1 });
    keep(result);
    expect(result.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(details.widths).toEqual({ c16: [16, 16], c32: [32, 7], c64: [64, 62], fc: [10, 10] });
    expect(result.countParams()).toBe(432 + 1008 + 3906 + 620);
    expect(report.tables[0]!.rows.find(([layer]) => layer === "c32")).toEqual(["c32", "Conv2D", 32, 7, 4608, 1008, 1179648, 258048, 7 / 32]);
    expect(report.tables[1]!.rows.find(([group]) => group === "fc")?.at(-1)).toBe("model output");
    expect(report.toString()).toContain("Measure");
  });

  it.each(topologies.map((each) => [each.name, each] as const))("costs what it says, keeps layers, inputs and outputs: %s", async (_, { build }) => {
    const model = keep(build());
    const { result, details } = await initialize(model, preCrop({ budget: { params: 0.6 } }));
    keep(result);
    expect(details.cropped).toBe(true);
    expect(details.params).toEqual([model.countParams(), result.countParams()]);
    expect(details.macs).toEqual([countMacs(model).total, countMacs(result).total]);
    expect(details.kernelParams[1]).toBeLessThanOrEqual(0.6 * details.kernelParams[0]);
    expect(layersOf(result).map(({ path }) => path)).toEqual(layersOf(model).map(({ path }) => path));
    expect(layersOf(result).map(({ layer }) => layer.trainable)).toEqual(layersOf(model).map(({ layer }) => layer.trainable));
    expect([result.inputs, result.outputs].map((list) => list.map(({ shape }) => shape))).toEqual([model.inputs, model.outputs].map((list) => list.map(({ shape }) => shape)));
    expect((await outputOf(result)).every(Number.isFinite)).toBe(true);
  });

  it.each(topologies.filter(({ zerosStay }) => zerosStay !== false).map((each) => [each.name, each] as const))("slices what a model with zeros in the channels that go would compute: %s", async (_, { build }) => {
    const model = keep(build());
    randomize(model);
    const graph = channelGroups(model);
    const plan = planCrop(graph, { budget: { params: 0.6 } });
    const [from, to] = [plan.groups.map((group) => group.from), plan.groups.map((group) => group.to)];
    const small = keep(applyCrop(model, plan, { weights: "slice", rescale: false }));
    const variables = new Map(networkOf(model).parameters.map(({ path, variable }) => [path as string, variable]));
    for (const { path, weights } of graph.layers) {
      for (const { name, shape, axes } of weights) {
        if (name.endsWith("moving_variance") || axes.length === 0) continue;
        const variable = variables.get(`${path}/${name}`)!;
        tf.tidy(() => {
          const masks = axes.map(({ axis, channels }) => {
            const kept = new Set(entriesOf(channels, from, firstChannels(to)));
            return tf.tensor(Array.from({ length: shape[axis]! }, (_, entry) => Number(kept.has(entry))), shape.map((size, other) => (other === axis ? size : 1)));
          });
          variable.assign(masks.reduce<tf.Tensor>((value, mask) => tf.mul(value, mask), variable));
        });
      }
    }
    const [small_, large] = [await outputOf(small), await outputOf(model)];
    expectClose(small_, large, 2e-5, 2e-5);
  });

  it("draws from each layer's own initializer for the new sizes, the same numbers for the same seed", async () => {
    const build = () => keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 400, inputShape: [300], kernelInitializer: "heNormal", biasInitializer: "ones" }), tf.layers.batchNormalization({ name: "n" }), tf.layers.dense({ name: "b", units: 3, kernelInitializer: tf.initializers.constant({ value: 0.5 }) })] }));
    const cropped = async (seed: number) => keep((await initialize(build(), preCrop({ budget: { params: 0.5 } }), { seed })).result);
    const [first, again, other] = await Promise.all((await Promise.all([cropped(1), cropped(1), cropped(2)])).map(valuesOf));
    expect(again).toEqual(first);
    expect(other!["a/kernel"]).not.toEqual(first!["a/kernel"]);
    const kernel = first!["a/kernel"]!;
    // He's law in tfjs: a normal of variance 2 / 300 cut at two deviations, which leaves 0.774 of it
    expect(kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length).toBeCloseTo((0.774 * 2) / 300, 3);
    expect(new Set(first!["a/bias"])).toEqual(new Set([1]));
    expect(new Set(first!["b/kernel"])).toEqual(new Set([0.5]));
    expect(new Set(first!["n/moving_variance"])).toEqual(new Set([1]));
  });

  it("keeps a layer's own seed, and none in the configuration of the new model", async () => {
    const model = keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 8, inputShape: [4] }), tf.layers.dense({ name: "b", units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 7 }) })] }));
    const seeds = (of: tf.LayersModel) => of.layers.map((layer) => (layer.getConfig().kernelInitializer as { config: { seed?: number } }).config.seed ?? null);
    const [one, two] = [keep((await initialize(model, preCrop({ budget: { params: 0.5 } }), { seed: 1 })).result), keep((await initialize(model, preCrop({ budget: { params: 0.5 } }), { seed: 2 })).result)];
    expect(seeds(one)).toEqual([null, 7]);
    expect((await valuesOf(one))["b/kernel"]).toEqual((await valuesOf(two))["b/kernel"]);
    expect((await valuesOf(one))["a/kernel"]).not.toEqual((await valuesOf(two))["a/kernel"]);
  });

  it("rescales sliced kernels by the inputs that went, unless it is told not to", async () => {
    const model = keep(netA());
    randomize(model);
    const sliced = async (rescale?: boolean) => valuesOf(keep((await initialize(model, preCrop({ budget: { params: 0.25 }, weights: "slice", ...(rescale === undefined ? {} : { rescale }) }))).result));
    const [plain, scaled, before] = [await sliced(false), await sliced(), await valuesOf(model)];
    expect(plain["c16/kernel"]).toEqual(before["c16/kernel"]);
    expect(plain["c64/kernel"]![0]).toBe(before["c64/kernel"]![0]);
    expect(scaled["c64/kernel"]![0]! / plain["c64/kernel"]![0]!).toBeCloseTo(Math.sqrt(32 / 7), 5); // 7 of 32 inputs are left
  });

  it("rescales a transposed kernel, whose input is its last axis, likewise", async () => {
    const model = keep(topologies.find(({ name }) => name === "transposed convolutions")!.build());
    randomize(model);
    const [scaled, plain] = await Promise.all([true, false].map(async (rescale) => valuesOf(keep(applyCrop(model, planCrop(channelGroups(model), { budget: { params: 0.6 } }), { weights: "slice", rescale })))));
    const left = plain!["up/kernel"]!.length / 4 / (plain!["out/kernel"]!.length / 9 / 2); // [2, 2, filters, inputs]
    expect(left).toBeLessThan(6);
    expect(scaled!["up/kernel"]![0]! / plain!["up/kernel"]![0]!).toBeCloseTo(Math.sqrt(6 / left), 5);
  });

  it("gives the model back, weights and all, for a budget of everything, and says so", async () => {
    const model = keep(resnet20({ size: 8 }));
    const { result, details } = await initialize(model, preCrop({ budget: { params: 1 } }));
    keep(result);
    expect(details.cropped).toBe(false);
    expect(topology(result)).toBe(topology(model));
    expect(await outputOf(result)).toEqual(await outputOf(model));
  });

  it("does nothing a second time at the same absolute budget", async () => {
    const model = keep(resnet20({ size: 8 }));
    const once = await initialize(model, preCrop({ budget: { flops: 0.5 } }));
    const twice = await initialize(keep(once.result), preCrop({ budget: { flops: 0.5 * once.details.macs![0] } }));
    keep(twice.result);
    expect(twice.details.cropped).toBe(false);
    expect(topology(twice.result)).toBe(topology(once.result));
  });

  it("leaves the base alone, leaks nothing, also where it throws", async () => {
    const model = keep(netA());
    const before = [topology(model), await valuesOf(model)];
    await expectTensorGrowth(0, async () => {
      for (const weights of ["reinit", "slice"] as const) disposeModel((await initialize(model, preCrop({ budget: { flops: 0.5 }, weights }))).result);
      await expect(initialize(model, preCrop({ budget: { params: 1e-9 } }))).rejects.toThrow();
      await expect(preCrop({ budget: { params: 0.5 } }).plan(model, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    });
    expect([topology(model), await valuesOf(model)]).toEqual(before);
  });

  it("makes a model that trains, saves and loads", async () => {
    const model = keep(topologies.find(({ name }) => name === "squeeze and excite")!.build());
    const { result } = await initialize(model, preCrop({ budget: { flops: 0.5 } }), { seed: 1 });
    keep(result);
    let saved: tf.io.ModelArtifacts | undefined;
    await result.save(tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })));
    const loaded = keep(await tf.loadLayersModel(tf.io.fromMemory(saved!)));
    expect(await outputOf(loaded)).toEqual(await outputOf(result));
  });

  it("applies a plan that was saved to the same code built again, and refuses another model", async () => {
    const method = preCrop({ budget: { params: 0.5 } });
    const automatic = () => keep(tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: "tanh" }), tf.layers.dense({ units: 2 })] }));
    const [model, twin] = [automatic(), automatic()];
    const plan = await method.plan(model, { seed: 4 });
    const bytes = await savePlan(plan);
    const again = loadPlan(bytes, networkOf(twin));
    expect(await outputOf(keep(method.apply(twin, again)))).toEqual(await outputOf(keep(method.apply(model, plan))));
    expect(() => method.apply(keep(netA()), plan)).toThrow(code("PLAN_MISMATCH"));
    for (const one of [plan, again]) one.dispose();
  });

  describe("refuses", () => {
    const refused = async (options: PreCropOptions, build: () => tf.LayersModel = netA) => {
      const model = keep(build());
      const before = topology(model);
      const error = await initialize(model, preCrop(options)).then(({ result }) => keep(result) && undefined, (caught: unknown) => caught as WarmstartError);
      expect(topology(model)).toBe(before);
      return error;
    };

    it.each<[string, PreCropOptions, string, RegExp]>([
      ["no budget", { budget: {} }, "INVALID_OPTION", /preCrop: the budget names neither params nor flops/],
      ["no budget at all", {}, "INVALID_OPTION", /neither params nor flops/],
      ["a budget of 0", { budget: { flops: 0 } }, "INVALID_OPTION", /budget\.flops/],
      ["NaN", { budget: { params: NaN } }, "INVALID_OPTION", /budget\.params/],
      ["a budget below the least", { budget: { params: 0.0001 } }, "INVALID_OPTION", /params at least 55 \(budget 2\)/], // 27 + 9 + 9 + 10 weights at one channel each
      ["a budget below the least at minChannels", { budget: { params: 0.1 }, minChannels: 32 }, "INVALID_OPTION", /at least 14576/], // 432 + 9·16·32 + 9·32·32 + 320
      ["roundTo 0", { budget: { params: 0.5 }, roundTo: 0 }, "INVALID_OPTION", /roundTo/],
      ["minChannels 1.5", { budget: { params: 0.5 }, minChannels: 1.5 }, "INVALID_OPTION", /minChannels/],
      ["densities without their mode", { budget: { params: 0.5 }, densities: { c16: 0.5 } }, "INVALID_OPTION", /mode: "layerwise"/],
      ["a density of no layer", { budget: { params: 0.5 }, mode: "layerwise", densities: { c17: 0.5 } }, "NO_MATCH", /"c17".*c16, c32, c64, fc/],
      ["a density of 0", { budget: { params: 0.5 }, mode: "layerwise", densities: { c16: 0 } }, "INVALID_OPTION", /density of "c16"/],
      ["a pattern that matches nothing", { budget: { params: 0.5 }, exclude: ["c17"] }, "NO_MATCH", /"c17"/],
      ["everything excluded", { budget: { params: 0.5 }, exclude: [/./] }, "NO_MATCH", /no channels can change.*excluded/],
    ])("%s", async (_, options, expected, message) => {
      const error = await refused(options);
      expect(error?.code).toBe(expected);
      expect(error?.message).toMatch(message);
    });

    it("a model of one layer, and one in which nothing can change, naming the layers", async () => {
      expect((await refused({ budget: { params: 0.5 } }, () => tf.sequential({ layers: [tf.layers.dense({ name: "only", units: 3, inputShape: [4] })] })))?.message).toMatch(/no channels can change in this model.*model output/);
      const error = await refused({ budget: { params: 0.5 } }, () => tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [6, 4] }), tf.layers.gru({ name: "rnn", units: 3 })] }));
      expect([error?.code, error?.message]).toEqual(["NO_MATCH", expect.stringMatching(/"rnn" \(GRU\): not a layer whose channels can change/)]);
    });

    it("unsupported layers, each by name, when it is asked to", async () => {
      const build = topologies.find(({ name }) => name.startsWith("a recurrent layer"))!.build;
      const error = await refused({ budget: { params: 0.6 }, onUnsupported: "throw" }, build);
      expect([error?.code, error?.message]).toEqual(["MODEL_STATE", expect.stringMatching(/"lstm" \(LSTM\)/)]);
      const { result, report } = await initialize(keep(build()), preCrop({ budget: { params: 0.6 } }));
      keep(result);
      expect(report.notes.join()).toMatch(/"lstm" \(LSTM\) keeps its channels/);
    });

    it("flops of open sizes without inputShape, and takes them with it", async () => {
      const open = () => tf.sequential({ layers: [tf.layers.conv2d({ name: "a", filters: 8, kernelSize: 3, inputShape: [null, null, 3] as never }), tf.layers.globalAveragePooling2d({}), tf.layers.dense({ units: 2 })] });
      expect((await refused({ budget: { flops: 0.5 } }, open))?.message).toMatch(/inputShape: \[height, width, channels\]/);
      const { result, details } = await initialize(keep(open()), preCrop({ budget: { flops: 0.5 }, inputShape: [8, 8, 3] }));
      keep(result);
      expect(details.macs).toEqual([27 * 8 * 36 + 16, 27 * 4 * 36 + 8]);
      expect((await initialize(keep(open()), preCrop({ budget: { params: 0.5 } }))).details.macs).toBeNull();
    });
  });
});

describe("preConfig", () => {
  it("spends the same parameters and multiply-adds better", async () => {
    const model = keep(resnet20());
    const { result, details } = await initialize(model, preConfig());
    keep(result);
    expect(details.params[1]).toBe(result.countParams());
    expect(details.kernelParams[1]).toBeLessThanOrEqual(details.kernelParams[0]);
    expect(details.macs![1]).toBe(countMacs(result).total);
    expect(details.macs![1]).toBeLessThanOrEqual(details.macs![0]);
    expect(details.objective[0]).toBeGreaterThan(0);
    expect(details.objective[1]).toBeGreaterThan(0);
    expect(Math.max(...details.groups.map(({ from, to }) => to / from))).toBe(2);
  });

  it("refuses a growth below 1 or without end", async () => {
    const model = keep(netA());
    for (const maxExpand of [0.5, Infinity, NaN]) await expect(initialize(model, preConfig({ maxExpand }))).rejects.toThrow(/preConfig: maxExpand/);
  });

  it("has nothing to slice grown layers from", async () => {
    const model = keep(netA());
    const plan = planCrop(channelGroups(model), { budget: { params: 1, flops: 1 }, maxExpand: 2 });
    expect(() => applyCrop(model, plan, { weights: "slice" })).toThrow(/become more, and there is nothing to slice them from/);
  });
});

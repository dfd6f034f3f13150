import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, networkOf, subSeed, WarmstartError, type Network, type Parameter } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { activationGain, createGraph, gcnConv, setGraph, virgo, virgoPlan, type Graph, type GraphConvolution, type VirgoOptions } from "./index.js";
import { drawWithVariance } from "./initializers/virgo-initializer.js";
import { karateClub } from "./karate.fixture.js";
import { citations, uniforms } from "./random-graphs.fixture.js";

const members = 34;
const model = (graph: Graph | null = karateClub(), widths = [16, 16, 2], more: object = {}): tf.LayersModel =>
  tf.sequential({ layers: widths.map((units, i) => gcnConv({ units, ...(i < widths.length - 1 ? { activation: "relu" } : {}), ...(graph === null ? {} : { graph }), ...(i === 0 ? { inputShape: [6] } : {}), ...more })) });
const kernelsOf = (of: tf.LayersModel) => networkOf(of).parameters.filter(({ role }) => role === "kernel");
const valuesOf = async (of: tf.LayersModel) => Promise.all(networkOf(of).parameters.map(async ({ variable }) => [...(await variable.data())]));
async function error(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "no error";
  } catch (caught) {
    return WarmstartError.isInstance(caught) ? `${caught.code} ${caught.message}` : String(caught);
  }
}
/** Plans, and gives the details. */
async function details(target: tf.LayersModel | Network, options: VirgoOptions) {
  const plan = await virgo(options).plan(target, { seed: 1 });
  plan.dispose();
  return { ...plan.details, notes: plan.report.notes };
}
const close = (actual: readonly (number | null)[], expected: ArrayLike<number>) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
};

describe("virgo", () => {
  const features = Float32Array.from(uniforms(members * 6, 1));
  const dims = [6, 16, 16, 2];

  it("draws the kernels of graph layers with the variances of virgoPlan and seeds by position, and leaves biases", async () => {
    const target = model();
    const x = tf.tensor2d(features, [members, 6]);
    const { report } = await initialize(target, virgo({ features: x }), { seed: 7 });
    const { variance, bound } = virgoPlan(karateClub(), { dims, features, operatorOptions: { degrees: "in", existingLoops: "keep" } });
    for (const [i, { shape, variable }] of kernelsOf(target).entries()) {
      const expected = drawWithVariance("uniform", shape, variance[i]!, subSeed(7, 2 * i)); // kernel and bias in turn
      const values = await variable.data();
      expect([...values]).toEqual([...(await expected.data())]);
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(Math.fround(bound[i]!));
      expected.dispose();
    }
    for (const [i, values] of (await valuesOf(target)).entries()) if (i % 2 === 1) expect(values.every((value) => value === 0)).toBe(true);
    expect(report.tables[0]!.rows.map((row) => row[0])).toEqual(target.layers.map(({ name }) => name));
    expect(report.plots[0]!.series.map(({ name }) => name)).toEqual(["Virgo, harmonic", "VirgoFor", "VirgoBack", "Kaiming", "Xavier"]);
    expect(report.toString()).toContain("kept by the graph");
    x.dispose();
    target.dispose();
  });

  it("gives the same bytes for the same seed, its own before that of initialize, and others for another", async () => {
    const target = model();
    const after = async (options: VirgoOptions, seed: number) => {
      await initialize(target, virgo(options), { seed });
      return valuesOf(target);
    };
    const first = await after({}, 1);
    expect(await after({}, 1)).toEqual(first);
    expect(await after({ seed: 1 }, 9)).toEqual(first);
    expect(await after({}, 2)).not.toEqual(first);
    target.dispose();
  });

  it("has the variance it plans, whatever the distribution", async () => {
    const target = model(karateClub(), [700, 700]);
    for (const distribution of ["uniform", "normal", "truncatedNormal"] as const) {
      const { details: done } = await initialize(target, virgo({ distribution }), { seed: 3 });
      const second = kernelsOf(target)[1]!;
      const values = Float32Array.from(await second.variable.data());
      const largest = values.reduce((most, value) => Math.max(most, value), 0);
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
      expect(Math.abs(variance / done.kernels[second.path]!.variance - 1)).toBeLessThan(0.01);
      expect(largest / Math.sqrt(variance)).toBeGreaterThan(distribution === "uniform" ? 1.72 : distribution === "normal" ? 3 : 2.2);
      expect(largest / Math.sqrt(variance)).toBeLessThan(distribution === "uniform" ? 1.75 : distribution === "normal" ? 6 : 2.3);
    }
    target.dispose();
  });

  it("takes each layer's own operator, another where one is given, the authors' with compat", async () => {
    const graph = citations(30, 3, 1);
    const target = model(graph, [8, 8, 2], { operator: "sum", eps: 0.5, degrees: "both" });
    const list = (options: VirgoOptions) => details(target, options).then(({ layers }) => layers);
    const expected = (operator: "sum" | "gcn", more: object) => virgoPlan(graph, { dims: [6, 8, 8, 2], operator, ...more });
    const own = await list({});
    close(own.map(({ variance }) => variance), expected("sum", { operatorOptions: { eps: 0.5 } }).variance);
    expect(own.map(({ operator }) => operator)).toEqual(["sum", "sum", "sum"]);
    close((await list({ operator: "gcn" })).map(({ variance }) => variance), expected("gcn", {}).variance);
    close((await list({ operator: "gcn", operatorOptions: { degrees: "in" } })).map(({ variance }) => variance), expected("gcn", { operatorOptions: { degrees: "in" } }).variance);
    close((await list({ compat: "official" })).map(({ variance }) => variance), expected("gcn", { compat: "official" }).variance);
    target.dispose();
  });

  it("reads gains and dropouts off the model, or takes those given", async () => {
    const graph = karateClub();
    const target = tf.sequential({
      layers: [gcnConv({ units: 8, graph, inputShape: [6] }), tf.layers.batchNormalization(), tf.layers.activation({ activation: "tanh" }), tf.layers.dropout({ rate: 0.5 }), gcnConv({ units: 8, activation: "elu", graph }), gcnConv({ units: 8, graph }), tf.layers.leakyReLU({ alpha: 0.1 }), gcnConv({ units: 8, graph }), gcnConv({ units: 2, graph })],
    });
    const widths = [6, 8, 8, 8, 8, 2];
    const variances = async (options: VirgoOptions) => (await details(target, options)).layers.map(({ variance }) => variance);
    const gains = ["tanh", "elu", 2 / 1.01, "linear", "relu"] as const;
    const own = { operatorOptions: { degrees: "in" } } as const;
    close(await variances({}), virgoPlan(graph, { dims: widths, gain: gains, ...own }).variance);
    close(await variances({ dropout: "model" }), virgoPlan(graph, { dims: widths, gain: gains, dropout: [0, 0.5, 0, 0, 0], ...own }).variance);
    close(await variances({ gain: "relu", dropout: [0, 0, 0.1, 0, 0] }), virgoPlan(graph, { dims: widths, dropout: [0, 0, 0.1, 0, 0], ...own }).variance);
    target.dispose();
  });

  it("says what it takes for granted: an activation that it does not know, layers between", async () => {
    const graph = karateClub();
    const target = tf.sequential({ layers: [gcnConv({ units: 8, graph, inputShape: [6] }), tf.layers.dense({ units: 4 }), gcnConv({ units: 2, graph })] });
    const { notes } = await details(target, {});
    expect(notes).toEqual([expect.stringMatching(/^Kept by the graph/), "No features took part: 1 at every node.", expect.stringContaining("taken for a ReLU"), expect.stringContaining("reads 4 features, and the graph layer before it gives 8")]);
    target.dispose();
  });

  it("starts a network in plain tfjs-core by paths: root kernels, inner kernels, averaged heads", async () => {
    const graph = citations(20, 3, 2);
    const parameter = (path: string, ...shape: number[]): Parameter => ({ path, layer: path.split("/")[0]!, role: "kernel", shape, variable: tf.tidy(() => tf.variable(tf.zeros(shape))), trainable: true });
    const parameters = [parameter("sage/neighbour", 6, 8), parameter("sage/root", 6, 8), parameter("gin/first", 8, 16), parameter("gin/second", 16, 8), parameter("gat/kernel", 8, 12)];
    const network: Network = { parameters, sites: [], forward: (inputs) => inputs };
    const layers = [
      { path: "sage/neighbour", root: "sage/root", operator: "mean", operatorOptions: { selfLoops: false } },
      { path: "gin/first", inner: ["gin/second"], operator: "sum" },
      { path: "gat/kernel", averagedHeads: 4, operator: "mean" },
    ] as const;
    const { details: done } = await initialize(network, virgo({ graph, layers }), { seed: 1 });
    const { variance } = virgoPlan(graph, { dims: [6, 8, 8, 3], operator: [{ operator: "mean", selfLoops: false }, "sum", "mean"], operatorOptions: { existingLoops: "keep" }, rootWeight: [true, false, false], averagedHeads: [1, 1, 4] });
    close(parameters.map(({ path }) => done.kernels[path]!.variance), [variance[0]!, variance[0]!, variance[1]!, 2 / 16, variance[2]!]);
    const [neighbour, root] = await Promise.all(parameters.slice(0, 2).map(({ variable }) => variable.data()));
    expect([...neighbour!]).not.toEqual([...root!]);
    // what the authors do: gcn, no root term, one variance for all kernels of a layer, heads as they lie
    const official = await details(network, { graph, layers, compat: "official" });
    const gcn = virgoPlan(graph, { dims: [6, 8, 8, 12], compat: "official", numClasses: 12 });
    close(["sage/neighbour", "sage/root", "gin/first", "gin/second", "gat/kernel"].map((path) => official.kernels[path]!.variance), [0, 0, 1, 1, 2].map((l) => gcn.variance[l]!));
    tf.dispose(parameters.map(({ variable }) => variable));
  });

  it("finds layers that are not of this package by what they have", async () => {
    const graph = karateClub();
    class Own extends tf.layers.Layer implements GraphConvolution {
      static readonly className = "OwnGraphConvolution";
      readonly graph = graph;
      readonly operator = "mean";
      readonly operatorOptions = {};
      readonly kernels = [{ weight: "w", role: "propagated" }, { weight: "inner", role: "inner" }] as const;
      readonly averagedHeads = 1;
      override build(): void {
        this.addWeight("w", [6, 5], "float32", tf.initializers.zeros());
        this.addWeight("inner", [5, 3], "float32", tf.initializers.zeros());
        super.build([]);
      }
      override getConfig() {
        return { ...super.getConfig(), innerActivation: "tanh" };
      }
      override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return [x].flat()[0]!;
      }
    }
    const target = tf.sequential({ layers: [new Own({ inputShape: [6] } as never)] });
    const { layers, kernels } = await details(target, {});
    expect(layers).toMatchObject([{ operator: "mean", variance: virgoPlan(graph, { dims: [6, 3], operator: "mean" }).variance[0] }]);
    expect(kernels[`${target.layers[0]!.name}/inner`]!.variance).toBe(activationGain("tanh") / 5);
    target.dispose();
  });

  it("makes what its plan owns, frees it, and leaves nothing where it throws; features stay the caller's", async () => {
    const target = model();
    const x = tf.tensor2d(features, [members, 6]);
    await expectTensorGrowth(0, async () => {
      const plan = await expectTensorGrowth(3, () => virgo({ features: x }).plan(target));
      plan.dispose();
    });
    const before = await valuesOf(target);
    const zeros = tf.zeros([members, 6]) as tf.Tensor2D;
    await expectTensorGrowth(0, async () => expect(await error(() => virgo({ features: zeros }).plan(target))).toMatch(/^INSUFFICIENT_DATA virgo: the mean of the features is 0/));
    const controller = new AbortController();
    await expectTensorGrowth(0, async () => expect(await error(() => virgo({ features: x }).plan(target, { signal: controller.signal, onProgress: ({ stage }) => stage === "drawing kernels" && controller.abort(new Error("enough")) }))).toBe("Error: enough"));
    expect(await valuesOf(target)).toEqual(before);
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, zeros]);
    target.dispose();
  });

  it("refuses what it cannot start", async () => {
    const graph = karateClub();
    const target = model(graph);
    const unset = model(null);
    const dense = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const wider = model(graph, [16, 18, 2]);
    const cube = tf.zeros([members, 6, 1]);
    const cases: [() => unknown, RegExp][] = [
      [() => virgo({ mode: "normal" as never }), /^INVALID_OPTION virgo: mode must be one of/],
      [() => virgo({ distribution: "cauchy" as never }), /^INVALID_OPTION virgo: distribution must be one of/],
      [() => virgo().plan(dense), /^NO_MATCH virgo: the model has no graph layer\. .*dense_Dense\d+\/kernel/],
      [() => virgo().plan(networkOf(target)), /^NO_MATCH virgo: `layers` must name the graph layers/],
      [() => virgo().plan(unset), /^MODEL_STATE virgo: the graph layers have no graph/],
      [() => virgo({ layers: [{ path: "nowhere/kernel" }], graph }).plan(target), /^NO_MATCH virgo: the network has no parameter "nowhere\/kernel"/],
      [() => virgo({ layers: [{ path: networkOf(target).parameters[1]!.path }], graph }).plan(target), /^SHAPE_MISMATCH virgo: a kernel must have shape \[in, out\]/],
      [() => virgo({ features: cube as never }).plan(target), /^SHAPE_MISMATCH virgo: features must have shape \[34, features\].* got \[34,6,1\]/],
      [() => virgo({ features: new Float32Array(35) }).plan(target), /^SHAPE_MISMATCH virgo: features must hold 34 nodes/],
      [() => virgo({ gain: ["relu"] }).plan(target), /gain must have one entry a graph layer, 3, got 1/],
      [() => virgo({ dropout: [0.5] }).plan(target), /dropout must have one entry a graph layer, 3, got 1/],
      [() => virgo({ dropout: [0, 0, 1] }).plan(target), /dropout must hold rates from 0 to below 1, got 1 for layer 3/],
      [() => virgo({ graph: createGraph({ numNodes: 2, src: [0], dst: [1] }), features: new Float32Array(3) }).plan(target), /^SHAPE_MISMATCH/],
    ];
    for (const [attempt, message] of cases) await expectTensorGrowth(0, async () => expect(await error(attempt)).toMatch(message));
    const plan = await virgo().plan(target);
    const other = { ...plan, tensors: Object.fromEntries(Object.values(plan.tensors).map((tensor, i) => [kernelsOf(wider)[i]!.path, tensor])), details: { ...plan.details, layers: wider.layers.map(({ name }) => ({ layer: name })) } };
    expect(await error(() => virgo().apply(wider, other))).toMatch(/^SHAPE_MISMATCH virgo: graph layer 2, ".*\/kernel", expects \[16,18\], the plan has \[16,16\]/);
    expect(await error(() => virgo().apply(wider, plan))).toMatch(/^NO_MATCH virgo: the network has no parameter/);
    expect(await error(() => virgo().apply(target, { ...plan, method: "fill" }))).toMatch(/^PLAN_MISMATCH/);
    plan.dispose();
    setGraph(unset, graph);
    expect((await details(unset, {})).layers.length).toBe(3);
    for (const one of [target, unset, dense, wider]) disposeModel(one);
    cube.dispose();
  });
});

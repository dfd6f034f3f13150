import * as tf from "@tensorflow/tfjs";
import { disposeModel, fill, heUniform, initialize, networkOf, WarmstartError, type Initializer, type Plan } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { compareGraphSignals, createGraph, gcnConv, graphSignal, measureVariance, setGraph, virgo } from "./index.js";
import { karateClub } from "./karate.fixture.js";
import { uniforms } from "./random-graphs.fixture.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

async function error(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "no error";
  } catch (caught) {
    return WarmstartError.isInstance(caught) ? `${caught.code} ${caught.message}` : String(caught);
  }
}
const sum = (labels: tf.Tensor, output: tf.Tensor) => tf.sum(tf.mul(labels, output)) as tf.Scalar;

describe("measureVariance", () => {
  // Two nodes, 0 → 1, messages by the plain sum without self-loops: P = [[0, 0], [1, 0]].
  const arrow = () => createGraph({ numNodes: 2, src: [0], dst: [1] });

  it("measures outputs and gradients: by hand on an edge", async () => {
    const graph = arrow();
    const [x, kernel, root, up, labels] = [tf.tensor2d([[3], [5]]), tf.tensor2d([[2]]), tf.tensor2d([[-1]]), tf.tensor2d([[1, 10]]), tf.ones([2, 2])];
    // P x 2 - x = [[-3], [1]]; ReLU [[0], [1]]; P of that is 0
    const one = await measureVariance([{ kernel, root }, up], graph, x, { operator: "custom" });
    expectClose(one.meanSquare, [(9 + 1) / 2, 0]);
    expect(Object.keys(one)).toEqual(["meanSquare"]);
    // linear: h = [[-3], [1]], P h = [[0], [-3]], times [1, 10]
    const { meanSquare, gradMeanSquare, loss } = await measureVariance([{ kernel, root }, up], graph, x, { operator: "custom", activation: (z) => z, loss: sum, labels });
    expectClose([...meanSquare, loss!], [5, (9 + 900) / 4, -33]);
    // dL/dh = Pᵀ 1 (1 + 10) = [11, 0]; dL/dx = 2 Pᵀ [11, 0] - [11, 0] = [-11, 0]
    expectClose(gradMeanSquare!, [121 / 2, 121 / 2]);
    tf.dispose([x, kernel, root, up, labels]);
    graph.dispose();
  });

  it("holds what float32 holds, though its square does not fit", async () => {
    const graph = arrow();
    const [x, kernel] = [tf.tensor2d([[1e25], [0]]), tf.tensor2d([[1]])];
    expect((await measureVariance([kernel], graph, x, { operator: "custom" })).meanSquare[0]! / 5e49).toBeCloseTo(1, 5);
    tf.dispose([x, kernel]);
    graph.dispose();
  });

  it("keeps nothing, and nothing when it throws", async () => {
    const graph = karateClub();
    const [x, first, second, labels] = [tf.ones([34, 3]) as tf.Tensor2D, tf.ones([3, 4]) as tf.Tensor2D, tf.ones([4, 2]) as tf.Tensor2D, tf.ones([34, 2])];
    await measureVariance([first, second], graph, x);
    await expectTensorGrowth(0, () => measureVariance([first, second], graph, x, { loss: sum, labels }));
    const cases: [() => unknown, RegExp][] = [
      [() => measureVariance([first, second], graph, x, { loss: sum }), /^INVALID_OPTION measureVariance: `loss` and `labels` belong together; got a loss alone/],
      [() => measureVariance([first, second], graph, x, { labels }), /got labels alone/],
      [() => measureVariance([first, first], graph, x), /^SHAPE_MISMATCH measureVariance: layer 2 reads 4 features, its kernel must have shape \[4, 4\], got \[3,4\]/],
      [() => measureVariance([{ kernel: first, root: second }], graph, x), /^SHAPE_MISMATCH measureVariance: layer 1 reads 3 features/],
      [() => measureVariance([second], graph, second), /^SHAPE_MISMATCH/],
      [() => measureVariance([first, second], graph, x, { activation: () => { throw new Error("mine"); } }), /^Error: mine/],
    ];
    for (const [attempt, message] of cases) await expectTensorGrowth(0, async () => expect(await error(attempt)).toMatch(message));
    tf.dispose([x, first, second, labels]);
    graph.dispose();
  });
});

describe("graphSignal", () => {
  const layers = (activation: string | undefined) => [gcnConv({ units: 8, ...(activation === undefined ? {} : { activation: activation as "relu" }), inputShape: [4], useBias: false }), gcnConv({ units: 8, ...(activation === undefined ? {} : { activation: activation as "relu" }), useBias: false }), gcnConv({ units: 3, useBias: false })];
  const make = (activation?: string) => tf.sequential({ layers: layers(activation) });

  it("gives what measureVariance gives of the same kernels, and leaves the model as it was", async () => {
    const graph = karateClub();
    const model = make("relu");
    setGraph(model, graph);
    const x = tf.tensor2d(Float32Array.from(uniforms(34 * 4, 1)), [34, 4]);
    const labels = tf.tidy(() => tf.oneHot(tf.tensor1d(Int32Array.from({ length: 34 }, (_, i) => i % 3), "int32"), 3));
    const loss = (truth: tf.Tensor, logits: tf.Tensor) => tf.losses.softmaxCrossEntropy(truth, logits) as tf.Scalar;
    const before = await (model.apply(x) as tf.Tensor).data();
    const report = await graphSignal(model, x, { loss, labels });
    const kernels = networkOf(model).parameters.map(({ variable }) => variable as unknown as tf.Tensor2D);
    const { meanSquare, gradMeanSquare, loss: value } = await measureVariance(kernels, graph, x, { degrees: "in", loss, labels });
    for (const [i, one] of report.layers.entries()) {
      expect(one.layer).toBe(model.layers[i]!.name);
      expect(one.meanSquare! / meanSquare[i]!).toBeCloseTo(1, 4);
      expect(one.gradMeanSquare! / gradMeanSquare![i]!).toBeCloseTo(1, 4);
    }
    expect((report.facts.loss as number) / value!).toBeCloseTo(1, 5);
    expect(await (model.apply(x) as tf.Tensor).data()).toEqual(before);
    expect(model.layers.every((layer) => !Object.hasOwn(layer, "call"))).toBe(true);
    expect(report.tables[0]!.columns).toEqual(["layer", "output", "to the layer before", "gradient"]);
    expect(report.plots.map(({ title, series }) => [title, series[0]!.x])).toEqual([["Outputs, before the activation", [1, 2, 3]], ["Gradients of the loss", [1, 2, 3]]]);
    const plain = await graphSignal(model, x);
    expect(plain.layers.map(({ gradMeanSquare: none }) => none)).toEqual([null, null, null]);
    expect(plain.toString()).toContain("Graph layers");
    disposeModel(model);
    tf.dispose([x, labels]);
    graph.dispose();
  });

  it("sees behind no activation when there is none, keeps nothing, and puts calls back when it throws", async () => {
    const graph = karateClub();
    const [linear, model, unset] = [make(), make("tanh"), make("relu")];
    setGraph(linear, graph);
    setGraph(model, graph);
    const x = tf.ones([34, 4]) as tf.Tensor2D;
    await graphSignal(linear, x);
    await expectTensorGrowth(0, () => graphSignal(linear, x));
    await expectTensorGrowth(0, () => graphSignal(model, x));
    await expectTensorGrowth(0, async () => expect(await error(() => graphSignal(unset, x))).toMatch(/^MODEL_STATE/));
    expect(unset.layers.every((layer) => !Object.hasOwn(layer, "call"))).toBe(true);
    expect(await error(() => graphSignal(model, x, { labels: x }))).toMatch(/^INVALID_OPTION graphSignal: `loss` and `labels` belong together/);
    const dense = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] });
    expect(await error(() => graphSignal(dense, x))).toMatch(/^NO_MATCH graphSignal: the model ".*" has no graph layer/);
    for (const one of [linear, model, unset, dense]) disposeModel(one);
    x.dispose();
    graph.dispose();
  });

  it("shows several starts as the paper's figures do, a line each", async () => {
    const graph = createGraph({ numNodes: 30, src: Int32Array.from({ length: 29 }, (_, i) => i + 1), dst: Int32Array.from({ length: 29 }, (_, i) => Math.floor(i / 3)) });
    const x = tf.tensor2d(Float32Array.from(uniforms(30 * 4, 2)), [30, 4]);
    const model = make("relu");
    setGraph(model, graph);
    const signal = async (start: Initializer<tf.LayersModel, Plan>) => {
      await initialize(model, start, { seed: 1 });
      return graphSignal(model, x);
    };
    const report = compareGraphSignals({ Kaiming: await signal(fill(heUniform())), Virgo: await signal(virgo({ features: x, mode: "forward" })) });
    expect(report.plots.map(({ series, yScale }) => [series.map(({ name }) => name), yScale])).toEqual([[["Kaiming", "Virgo"], "log"]]);
    expect(report.tables[0]!.columns).toEqual(["layer", "Kaiming", "Virgo"]);
    expect(report.tables.length).toBe(1);
    expect(() => compareGraphSignals({})).toThrow("there is nothing to compare");
    disposeModel(model);
    x.dispose();
    graph.dispose();
  });
});

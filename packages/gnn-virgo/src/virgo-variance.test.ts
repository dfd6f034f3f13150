// What the variances promise, measured: spec of the path model exactly, and ReLU networks over many draws, with Xavier and Kaiming as the control.
import * as tf from "@tensorflow/tfjs";
import { disposeModel, subSeed } from "@warmstart/init-core";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph, gatConv, graphSignal, measureVariance, virgoPlan, type Graph, type MeasuredLayer, type MeasureVarianceOptions, type VirgoPlanOptions } from "./index.js";
import { drawWithVariance } from "./initializers/virgo-initializer.js";
import { karateClub } from "./karate.fixture.js";
import { barabasiAlbert, citations, erdosRenyi, normals, ring, uniforms } from "./random-graphs.fixture.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

const kaiming = (dims: readonly number[]) => dims.slice(1).map((_, i) => 2 / dims[i]!);
const xavier = (dims: readonly number[]) => dims.slice(1).map((width, i) => 2 / (width + dims[i]!));

/** Mean squares over draws of the weights. */
async function average(draws: number, dims: readonly number[], variance: ArrayLike<number>, graph: Graph, features: Float64Array, options: MeasureVarianceOptions & { readonly root?: boolean; readonly gates?: boolean } = {}) {
  const { root = false, gates = false, ...rest } = options;
  const x = tf.tensor2d(Float32Array.from(features), [graph.numNodes, dims[0]!]);
  const sums = { meanSquare: dims.slice(1).map(() => 0), gradMeanSquare: dims.slice(1).map(() => 0) };
  for (let draw = 0; draw < draws; draw++) {
    const kernel = (i: number, which: string) => drawWithVariance("uniform", [dims[i]!, dims[i + 1]!], variance[i]!, subSeed(draw, `${which} ${i}`)) as tf.Tensor2D;
    const layers = dims.slice(1).map((_, i): MeasuredLayer => ({ kernel: kernel(i, "kernel"), ...(root ? { root: kernel(i, "root") } : {}) }));
    // A gate a unit, open with probability 1/2, the same for all nodes: the path model itself.
    let layer = 0;
    const masks = gates ? dims.slice(1, -1).map((width, i) => tf.tensor2d(Float32Array.from(uniforms(width, subSeed(draw, `gates ${i}`)), (u) => (u < 0.5 ? 0 : 1)), [1, width])) : [];
    const { meanSquare, gradMeanSquare } = await measureVariance(layers, graph, x, { ...(gates ? { activation: (z: tf.Tensor2D) => tf.mul(z, masks[layer++]!) as tf.Tensor2D } : {}), ...rest });
    for (const [l, value] of meanSquare.entries()) {
      sums.meanSquare[l]! += value / draws;
      sums.gradMeanSquare[l]! += (gradMeanSquare?.[l] ?? NaN) / draws;
    }
    tf.dispose([...masks, ...layers.flatMap(({ kernel: one, root: two }) => [one, ...(two === undefined ? [] : [two])])]);
  }
  x.dispose();
  graph.dispose();
  return sums;
}

const ratios = (values: readonly number[]) => values.slice(1).map((value, l) => value / values[l]!);
const levelWithin = (values: readonly number[], share: number) => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (const value of values) expect(Math.abs(value / mean - 1), `${values.map((v) => v.toPrecision(3)).join(" ")}`).toBeLessThan(share);
};

describe("in the path model the promise is exact:", () => {
  const dims = [20, 32, 32, 32, 32];

  it("a linear network has one mean square at all layers", async () => {
    const graph = barabasiAlbert(100, 3, 1);
    const features = normals(100 * 20, 2);
    const { forward } = virgoPlan(graph, { dims, features, reduce: "frobenius", gain: "linear" });
    const { meanSquare } = await average(200, dims, forward, graph, features, { activation: (z) => z });
    levelWithin(meanSquare, 0.08);
  });

  it("so has one with gates that all nodes share, and Xavier's has not", async () => {
    const graph = barabasiAlbert(100, 3, 1);
    const features = normals(100 * 20, 2);
    const { forward } = virgoPlan(graph, { dims, features, reduce: "frobenius" });
    levelWithin((await average(200, dims, forward, graph, features, { gates: true })).meanSquare, 0.1);
    const { meanSquare } = await average(40, dims, xavier(dims), graph, features, { gates: true });
    expect(meanSquare.at(-1)! / meanSquare[0]!).toBeLessThan(0.4);
  });

  it("and one that adds the node itself by a matrix of its own", async () => {
    const graph = karateClub();
    const features = uniforms(34 * 20, 3);
    const own = { operator: "mean", operatorOptions: { selfLoops: false }, rootWeight: true, reduce: "frobenius" } as const;
    const { forward } = virgoPlan(graph, { dims, features, ...own });
    // The first layer has no graph term, by the authors' rule: from the second one on.
    const { meanSquare } = await average(200, dims, forward, graph, features, { gates: true, root: true, operator: "mean", selfLoops: false });
    levelWithin(meanSquare, 0.1);
  });

  it("backward the gradients of the layers' inputs are 1 / C, where all nodes have the same gradient at the top", async () => {
    const graph = karateClub();
    const width = [34, 16, 16, 16, 2];
    const q = tf.tensor2d(Array.from({ length: 34 }, () => [0.5, -0.5]));
    const { backward } = virgoPlan(graph, { dims: width });
    const { gradMeanSquare } = await average(400, width, backward, graph, uniforms(34 * 34, 4), { gates: true, labels: q, loss: (labels, logits) => tf.sum(tf.mul(labels, logits)) as tf.Scalar });
    for (const value of gradMeanSquare) expect(Math.abs(value / 0.5 - 1)).toBeLessThan(0.1);
    const control = await average(40, width, kaiming(width), graph, uniforms(34 * 34, 4), { gates: true, labels: q, loss: (labels, logits) => tf.sum(tf.mul(labels, logits)) as tf.Scalar });
    expect(control.gradMeanSquare[0]!).toBeLessThan(0.3);
    q.dispose();
  });

  it("heads that are averaged make up for each other's variance", async () => {
    const graph = erdosRenyi(60, 0.1, 2);
    const features = normals(60 * 20, 5);
    const heads = 4;
    const { forward } = virgoPlan(graph, { dims, features, reduce: "frobenius", gain: "linear", averagedHeads: [1, heads, 1, heads] });
    // The mean of K drawn kernels has a Kth of their variance.
    const { meanSquare } = await average(200, dims, [...forward].map((v, i) => (i % 2 === 1 ? v / heads : v)), graph, features, { activation: (z) => z });
    levelWithin(meanSquare, 0.08);
  });

  it("backward so do the heads of gatConv, whose attention is the mean where its vectors are 0; heads that are not counted lose their number a layer", async () => {
    const graph = karateClub();
    const [width, heads] = [[34, 16, 16, 16, 2], 4];
    const averagedHeads = width.slice(1).map(() => heads);
    const model = tf.sequential({ layers: width.slice(1).map((units, i) => gatConv({ units, heads, concat: false, useBias: false, attentionInitializer: "zeros", graph, ...(i === 0 ? { inputShape: [width[0]!] } : {}) })) });
    const kernels = model.weights.filter(({ originalName }) => originalName.endsWith("kernel"));
    expect(kernels.map(({ shape }) => shape)).toEqual(width.slice(1).map((units, i) => [width[i], heads * units]));
    const x = tf.tensor2d(Float32Array.from(uniforms(34 * 34, 4)), [34, 34]);
    const labels = tf.tensor2d(Array.from({ length: 34 }, () => [0.5, -0.5]));
    /** Means over draws of the squared gradients that the rule puts at 1 / C. */
    const gradients = async (variance: Float64Array, draws: number) => {
      const sums = averagedHeads.map(() => 0);
      for (let draw = 0; draw < draws; draw++) {
        tf.tidy(() => kernels.forEach((kernel, i) => kernel.write(drawWithVariance("uniform", kernel.shape as number[], variance[i]!, subSeed(draw, `head kernels ${i}`)))));
        const { layers } = await graphSignal(model, x, { labels, loss: (truth, logits) => tf.sum(tf.mul(truth, logits)) as tf.Scalar });
        for (const [l, { gradMeanSquare }] of layers.entries()) sums[l]! += gradMeanSquare! / draws;
      }
      return sums;
    };
    const options = { dims: width, operator: "mean", operatorOptions: { selfLoops: true }, gain: "linear" } as const;
    for (const value of await gradients(virgoPlan(graph, { ...options, averagedHeads }).backward, 150)) expect(Math.abs(value / 0.5 - 1)).toBeLessThan(0.1);
    const control = await gradients(virgoPlan(graph, options).backward, 40);
    for (const [l, value] of control.entries()) expect(Math.abs((value * heads ** (4 - l)) / 0.5 - 1)).toBeLessThan(0.2);
    disposeModel(model);
    tf.dispose([x, labels]);
    graph.dispose();
  });
});

describe("in ReLU networks,", () => {
  const dims = [20, 64, 64, 64, 64, 64];
  const draws = 12;
  const setting = (graph: Graph, nodes: number, options: Omit<VirgoPlanOptions, "dims"> = {}) => {
    const features = uniforms(nodes * 20, 9);
    const { forward } = virgoPlan(graph, { dims, features, ...options });
    const operator: MeasureVarianceOptions = { operator: options.operator as "gcn" | undefined, ...options.operatorOptions };
    return {
      virgo: async () => ratios((await average(draws, dims, forward, graph, features, operator)).meanSquare),
      kaiming: async () => ratios((await average(draws, dims, kaiming(dims), graph, features, operator)).meanSquare),
      xavier: async () => ratios((await average(draws, dims, xavier(dims), graph, features, operator)).meanSquare),
    };
  };

  it.each([
    ["random", () => erdosRenyi(200, 0.04, 1)],
    ["preferential attachment", () => barabasiAlbert(200, 3, 2)],
    ["regular", () => ring(200, 4)],
  ])("on an undirected graph (%s), VirgoFor is about level and Xavier halves", async (_, make) => {
    const { virgo, xavier: control } = setting(make(), 200);
    for (const ratio of await virgo()) {
      expect(ratio).toBeGreaterThan(0.75);
      expect(ratio).toBeLessThan(1.3);
    }
    for (const ratio of (await control()).slice(1)) {
      expect(ratio).toBeGreaterThan(0.38);
      expect(ratio).toBeLessThan(0.62);
    }
  });

  it("on directed citations, VirgoFor is about level where Kaiming and Xavier die out", async () => {
    const { virgo, kaiming: control, xavier: other } = setting(citations(400, 5, 3), 400);
    for (const ratio of await virgo()) {
      expect(ratio).toBeGreaterThan(0.7);
      expect(ratio).toBeLessThan(1.5);
    }
    for (const ratio of await control()) expect(ratio).toBeLessThan(0.6);
    for (const ratio of await other()) expect(ratio).toBeLessThan(0.35);
  });

  it("with sums, VirgoFor with the layer's own operator is about level where Kaiming explodes, and so does Virgo with the authors' operator", async () => {
    const graph = citations(400, 5, 3);
    const both = createGraph({ numNodes: 400, src: graph.src, dst: graph.dst, undirected: true });
    const { virgo, kaiming: control } = setting(both, 400, { operator: "sum" });
    for (const ratio of await virgo()) {
      expect(ratio).toBeGreaterThan(0.7);
      expect(ratio).toBeLessThan(1.4);
    }
    for (const ratio of await control()) expect(ratio).toBeGreaterThan(50);
    const features = uniforms(400 * 20, 9);
    const { forward } = virgoPlan(both, { dims, features });
    for (const ratio of ratios((await average(4, dims, forward, both, features, { operator: "sum" })).meanSquare)) expect(ratio).toBeGreaterThan(50);
  });
});

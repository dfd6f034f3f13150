// The package's figures of stability as a page: of a model, of bare kernels, and of signals that die or leave float32.
import * as tf from "@tensorflow/tfjs";
import { compareGraphSignals, createGraph, gcnConv, graphSignal, isGraphConvolution, measureVariance, setGraph, type GraphLayerSignal } from "@warmstart/gnn-virgo";
import { disposeModel } from "@warmstart/init-core";
import { reportPage } from "@warmstart/report";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { karateClub } from "./small.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

const count = (page: string, what: RegExp) => [...page.matchAll(what)].length;

describe("a page of graphSignal and measureVariance", () => {
  it("has both lines in each figure, a row a layer, and plots what is finite and not 0", async () => {
    const { numNodes, src, dst } = karateClub();
    const graph = createGraph({ numNodes, src, dst, undirected: true });
    const model = tf.sequential({ layers: [8, 8, 2].map((units, i) => gcnConv({ name: `layer${i + 1}`, units, useBias: false, ...(i < 2 ? { activation: "relu" as const } : {}), ...(i === 0 ? { inputShape: [5] } : {}) })) });
    setGraph(model, graph);
    const x = tf.randomUniform([numNodes, 5], 0, 1, "float32", 1) as tf.Tensor2D;
    const labels = tf.ones([numNodes, 2]);
    const options = { labels, loss: (truth: tf.Tensor, logits: tf.Tensor) => tf.sum(tf.mul(truth, logits)) as tf.Scalar };
    const kernels = model.layers.filter(isGraphConvolution).map((layer) => (layer as unknown as tf.layers.Layer).weights[0]!);
    const asLayers = ({ meanSquare, gradMeanSquare }: Awaited<ReturnType<typeof measureVariance>>) => ({ layers: meanSquare.map((square, i): GraphLayerSignal => ({ layer: `layer${i + 1}`, meanSquare: square, gradMeanSquare: gradMeanSquare?.[i] ?? null })) });

    const signal = await graphSignal(model, x, options);
    const bare = asLayers(await measureVariance(kernels.map((kernel) => kernel.read() as tf.Tensor2D), graph, x, { degrees: "in", ...options }));
    const page = await reportPage([signal, compareGraphSignals({ "of the model": signal, "of its kernels": bare })], { title: "Stability" });
    expect(count(page, /<figure/g)).toBe(4); // outputs and gradients, of one and of both
    expect(count(page, /aria-label="line"/g)).toBe(2 * (1 + 1 + 2 + 2)); // each for wide and for narrow screens
    for (const name of ["layer1", "layer2", "layer3", "of the model", "of its kernels"]) expect(page, name).toContain(`>${name}<`);

    const scaled = async (factor: number) => {
      for (const kernel of kernels) tf.tidy(() => void kernel.write(tf.mul(kernel.read(), factor)));
      return graphSignal(model, x, options);
    };
    const large = await scaled(1e15); // the third layer's outputs are beyond float32
    expect(large.layers.map(({ meanSquare }) => meanSquare === null)).toEqual([false, false, true]);
    const dead = await scaled(0);
    const extremes = await reportPage(compareGraphSignals({ large, dead }));
    expect(extremes).not.toMatch(/NaN|Infinity/);
    expect(extremes).toContain(">large<");
    disposeModel(model);
    tf.dispose([x, labels]);
    graph.dispose();
  });
});

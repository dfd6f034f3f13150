import * as tf from "@tensorflow/tfjs";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph, gcnConv, setGraph } from "../index.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

describe("gcnConv", () => {
  it("trains on the labels of a few nodes", async () => {
    const graph = createGraph({ numNodes: 6, src: [0, 1, 0, 3, 4, 3, 2], dst: [1, 2, 2, 4, 5, 5, 3], undirected: true });
    const model = tf.sequential({ layers: [gcnConv({ units: 8, activation: "relu", inputShape: [6] }), gcnConv({ units: 2, activation: "softmax" })] });
    setGraph(model, graph);
    model.compile({ optimizer: tf.train.adam(0.05), loss: "categoricalCrossentropy" });
    const x = tf.eye(6);
    const y = tf.tensor2d([[1, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 1]]);
    await model.fit(x, y, { epochs: 60, batchSize: 6, shuffle: false, verbose: 0 });
    const predicted = tf.argMax(model.predict(x, { batchSize: 6 }) as tf.Tensor, 1);
    expect([...(await predicted.data())]).toEqual([0, 0, 0, 1, 1, 1]);
  });

  it("frees what it made, the graph its tensors", async () => {
    await expectTensorGrowth(0, async () => {
      const graph = createGraph({ numNodes: 3, src: [0, 1], dst: [1, 2] });
      const model = tf.sequential({ layers: [gcnConv({ units: 2, graph, inputShape: [4] })] });
      const x = tf.ones([3, 4]);
      (await expectTensorGrowth(8 + 1, () => model.apply(x) as tf.Tensor)).dispose(); // P, its transpose and the output
      (await expectTensorGrowth(1, () => model.apply(x) as tf.Tensor)).dispose();
      x.dispose();
      graph.dispose();
      model.dispose();
    });
  });
});

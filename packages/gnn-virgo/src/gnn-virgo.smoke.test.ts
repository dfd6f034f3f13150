// Every convolution once, forward and backward, small enough for a WebGPU driver made of software: PyG's own numbers are in conformance.
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, it } from "vitest";
import { createGraph, gatForward, gcnForward, ginForward, globalPool, graphNormForward, sageForward, type Graph } from "./index.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

type T2 = tf.Tensor2D;
/** Of y₀ + y₁ above towards x₀ and x₁, (u + v) / √((u² + v²) / 2) with u = x₀ − (x₀ + x₁) / 4 and v = x₁ − (x₀ + x₁) / 4; nothing of node 2, alone. */
function normSlopes(): number[] {
  const sum = (a: number, b: number) => {
    const [u, v] = [a - (a + b) / 4, b - (a + b) / 4];
    return (u + v) / Math.sqrt((u * u + v * v) / 2);
  };
  const h = 1e-5;
  return [(sum(1 + h, 2) - sum(1 - h, 2)) / (2 * h), (sum(1, 2 + h) - sum(1, 2 - h)) / (2 * h), 0];
}
const one = () => tf.tensor2d([[1]]);
/** 0 → 1 → 2 and 0 → 2, x = 1, 2, 4. */
const cases: [string, (graph: Graph, x: T2) => tf.Tensor, number[], number[]][] = [
  // In-degrees with self-loops 1, 2, 3; gradients are column sums of P.
  ["GCN", (graph, x) => gcnForward(graph, x, { kernel: one() }), [1, 1 / Math.sqrt(2) + 1, 1 / Math.sqrt(3) + 2 / Math.sqrt(6) + 4 / 3], [1 + 1 / Math.sqrt(2) + 1 / Math.sqrt(3), 1 / 2 + 1 / Math.sqrt(6), 1 / 3]],
  ["GraphSAGE, the largest", (graph, x) => sageForward(graph, x, { kernel: one(), rootKernel: one() }, { aggregator: "max" }), [1, 3, 6], [1 + 1, 1 + 1, 1]],
  ["GraphSAGE, the mean", (graph, x) => sageForward(graph, x, { kernel: one() }), [0, 1, 1.5], [1.5, 0.5, 0]],
  // All scores alike: the mean over neighbours and the node itself.
  ["GAT", (graph, x) => gatForward(graph, x, { kernel: one(), attentionSource: tf.zeros([1, 1]), attentionTarget: one() }), [1, 1.5, 7 / 3], [1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3]],
  ["GATv2", (graph, x) => gatForward(graph, x, { kernel: one(), attention: tf.zeros([1, 1]) }), [1, 1.5, 7 / 3], [1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3]],
  ["GIN", (graph, x) => ginForward(graph, x, { kernel: one(), innerKernel: one() }, { eps: 1 }), [2, 5, 11], [2 + 1 + 1, 2 + 1, 2]],
  ["pooling by the mean", (graph, x) => globalPool(graph, x, "mean"), [1.5, 4], [0.5, 0.5, 1]],
  ["pooling by the largest", (graph, x) => globalPool(graph, x, "max"), [2, 4], [0, 1, 1]],
  // (1, 2) less half its mean, 0.75, is (0.25, 1.25), of mean square 0.8125; 4 less 2 is its own root mean square.
  ["graph normalization", (graph, x) => graphNormForward(graph, x, { meanScale: tf.tensor1d([0.5]) }, { epsilon: 1e-9 }), [0.25 / Math.sqrt(0.8125), 1.25 / Math.sqrt(0.8125), 1], normSlopes()],
];

describe("on three nodes", () => {
  it.each(cases)("%s", async (name, forward, expected, slopes) => {
    await expectTensorGrowth(0, async () => {
      const pooled = name.startsWith("pool") || name.startsWith("graph norm");
      const graph = createGraph({ numNodes: 3, src: pooled ? [] : [0, 1, 0], dst: pooled ? [] : [1, 2, 2], ...(pooled ? { batch: [0, 0, 1] } : {}) });
      const x = tf.tensor2d([[1], [2], [4]]);
      const y = tf.tidy(() => forward(graph, x));
      expectClose(await y.data(), expected, 1e-5, 1e-5);
      const slope = tf.tidy(() => tf.grad((at) => tf.sum(forward(graph, at as T2)))(x));
      expectClose(await slope.data(), slopes, 1e-5, 1e-5);
      tf.dispose([x, y, slope]);
      graph.dispose();
    });
  });
});

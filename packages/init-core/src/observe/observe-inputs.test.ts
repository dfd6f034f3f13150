import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { networkOf } from "../layers/network-of.js";
import type { Network } from "../network.js";
import { observeInputs } from "./observe-inputs.js";

const caller = "test";

function transformerLike(): tf.LayersModel {
  const x = tf.input({ shape: [3, 4] });
  const [q, k] = ["q", "k"].map((name) => tf.layers.dense({ units: 4, name }).apply(x) as tf.SymbolicTensor);
  const sum = tf.layers.add().apply([q!, k!]) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2, name: "o" }).apply(sum) as tf.SymbolicTensor });
}

const collect = async (network: Network, data: tf.Tensor[], options: object = {}) => {
  const seen: Record<string, number[]>[] = [];
  await observeInputs(network, data, { caller, sites: network.sites, ...options }, async (rows) => {
    seen.push(Object.fromEntries(await Promise.all([...rows].map(async ([key, tensor]) => [key, Array.from(await tensor.data())] as const))));
  });
  return seen;
};

describe("observeInputs", () => {
  it("gives one set of rows to layers with the same input", async () => {
    const network = networkOf(transformerLike());
    const x = tf.randomNormal([2, 3, 4], 0, 1, "float32", 1);
    const [rows] = await collect(network, [x]);
    expect(Object.keys(rows!).length).toBe(2);
    expect(rows![network.sites[0]!.input]).toEqual(Array.from(await x.data()));
  });

  it("drops masked rows: whatever stands there has no influence", async () => {
    const network = networkOf(transformerLike());
    const x = tf.randomNormal([2, 3, 4], 0, 1, "float32", 1);
    const mask = tf.tensor2d([[1, 1, 0], [1, 0, 0]]);
    const wild = tf.tidy(() => tf.add(x, tf.mul(1e6, tf.sub(1, tf.expandDims(mask, 2)))));
    const [clean, dirty] = [await collect(network, [x], { rowMask: () => mask }), await collect(network, [wild], { rowMask: () => mask })];
    expect(dirty).toEqual(clean);
    expect(clean[0]![network.sites[0]!.input]!.length).toBe(3 * 4);
  });

  it("gives one row a window for a convolution, in the order of its kernel", async () => {
    const model = tf.sequential({ layers: [tf.layers.conv2d({ filters: 3, kernelSize: [2, 3], inputShape: [4, 5, 2], useBias: false })] });
    const network = networkOf(model);
    const x = tf.randomNormal<tf.Rank.R4>([2, 4, 5, 2], 0, 1, "float32", 1);
    const [rows] = await collect(network, [x]);
    const kernel = network.parameters[0]!.variable;
    const product = tf.matMul(tf.tensor2d(rows![network.sites[0]!.input]!, [2 * 3 * 3, 12]), tf.reshape(kernel, [12, 3]));
    expectClose(await product.data(), await (model.apply(x) as tf.Tensor).data(), 1e-5, 1e-5);
  });

  it("gives the rows of all uses of a shared layer", async () => {
    const [a, b] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })];
    const fc = tf.layers.dense({ units: 2 });
    const network = networkOf(tf.model({ inputs: [a, b], outputs: tf.layers.add().apply([fc.apply(a), fc.apply(b)] as tf.SymbolicTensor[]) as tf.SymbolicTensor }));
    const seen: number[][] = [];
    await observeInputs(network, [[tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]])]], { caller, sites: network.sites }, async (rows) => void seen.push(Array.from(await [...rows.values()][0]!.data()).toSorted()));
    expect(seen).toEqual([[1, 2, 3, 4]]);
  });

  it("works on a network in plain tfjs-core", async () => {
    const w = tf.variable(tf.randomNormal<tf.Rank.R2>([3, 2], 0, 1, "float32", 1));
    const parameter = { path: "w", layer: "", role: "kernel" as const, shape: [3, 2], variable: w, trainable: true };
    const site = { path: "w", layer: "fc", kind: "dense" as const, kernel: parameter, input: "x" };
    const network: Network = { parameters: [parameter], sites: [site], forward: (x, { onInput } = {}) => tf.matMul((onInput?.(site, x as tf.Tensor) ?? x) as tf.Tensor2D, w as unknown as tf.Tensor2D) };
    const [rows] = await collect(network, [tf.tensor2d([[1, 2, 3]])]);
    expect(rows).toEqual({ x: [1, 2, 3] });
  });

  it("leaks nothing, neither on success nor on NaN, a wrong shape, an exception of the caller", async () => {
    const network = networkOf(transformerLike());
    const good = tf.randomNormal([2, 3, 4], 0, 1, "float32", 1);
    const bad = tf.mul(good, NaN);
    const narrow = tf.zeros([2, 3, 3]);
    const mask = tf.ones([2, 3]);
    const options = { caller, sites: network.sites, rowMask: () => mask };
    await expectTensorGrowth(0, () => observeInputs(network, [good], options, () => {}));
    const before = tensorCount();
    await expect(observeInputs(network, [good, bad], options, () => {})).rejects.toThrow(/layer "q" has NaN or infinity in batch 1/);
    await expect(observeInputs(network, [narrow], options, () => {})).rejects.toThrow(/must have shape/);
    await expect(observeInputs(network, [good], options, () => { throw new Error("mine"); })).rejects.toThrow("mine");
    expect(tensorCount()).toBe(before);
  });
});

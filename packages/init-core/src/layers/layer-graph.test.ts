import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { layerGraph } from "./layer-graph.js";

const input = (shape: number[]) => tf.input({ shape });
const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;

describe("layerGraph", () => {
  it("lists the calls of a sequential model in order, with shapes", () => {
    const model = tf.sequential({ layers: [tf.layers.conv2d({ name: "c", filters: 3, kernelSize: 2, inputShape: [5, 5, 1] }), tf.layers.flatten({ name: "f" }), tf.layers.dense({ name: "d", units: 2 })] });
    const { calls, inputs, outputs } = layerGraph(model);
    expect(calls.map(({ path }) => path)).toEqual(["c", "f", "d"]);
    expect(calls[0]!.inputs).toEqual(inputs);
    expect(calls[1]!.inputs).toEqual(calls[0]!.outputs);
    expect(calls[2]!.outputs).toEqual(outputs);
    expect(calls.map(({ outputShapes }) => outputShapes[0])).toEqual([[null, 4, 4, 3], [null, 48], [null, 2]]);
  });

  it("opens nested models, and gives each call of a shared one tensors of its own", () => {
    const y = input([4]);
    const inner = tf.model({ name: "inner", inputs: y, outputs: apply(tf.layers.dense({ name: "fc", units: 4 }), y) });
    const x = input([4]);
    const model = tf.model({ inputs: x, outputs: apply(tf.layers.add({ name: "sum" }), [apply(inner as unknown as tf.layers.Layer, x), apply(inner as unknown as tf.layers.Layer, apply(tf.layers.reLU({ name: "relu" }), x))]) });
    const { calls, outputs } = layerGraph(model);
    const inside = calls.filter(({ path }) => path === "inner/fc");
    expect(inside.length).toBe(2);
    expect(new Set(inside.flatMap((call) => call.outputs)).size).toBe(2);
    const sum = calls.find(({ path }) => path === "sum")!;
    expect(sum.inputs.toSorted()).toEqual(inside.flatMap((call) => call.outputs).toSorted());
    expect(sum.outputs).toEqual(outputs);
  });

  it("has every input before it is read, and every name once as an output", () => {
    const x = input([4]);
    const [a, b] = [apply(tf.layers.dense({ units: 4 }), x), apply(tf.layers.dense({ units: 4 }), x)];
    const { calls, inputs } = layerGraph(tf.model({ inputs: x, outputs: [apply(tf.layers.add(), [a, apply(tf.layers.multiply(), [a, b])]), b] }));
    const there = new Set(inputs);
    for (const call of calls) {
      for (const name of call.inputs) expect(there).toContain(name);
      for (const name of call.outputs) {
        expect(there).not.toContain(name);
        there.add(name);
      }
    }
  });

  it("refuses a model without a graph", () => {
    expect(() => layerGraph(tf.sequential())).toThrow(/^layerGraph: the model ".*" has no graph yet\. Give its first layer an inputShape/);
  });
});

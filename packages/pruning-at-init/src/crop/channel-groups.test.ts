import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { channelGroups, type ChannelGroupsOptions } from "./channel-groups.js";
import type { ChannelGraph } from "./channel-graph.js";
import { resnet20 } from "./models.fixture.js";
import { topologies } from "./topologies.fixture.js";

function graphOf(model: tf.LayersModel, options?: ChannelGroupsOptions): ChannelGraph {
  try {
    return channelGroups(model, options);
  } finally {
    disposeModel(model);
  }
}
const free = ({ groups }: ChannelGraph) => Object.fromEntries(groups.filter(({ fixed }) => fixed === undefined).map(({ id, width }) => [id, width]));
const fixedOf = ({ groups }: ChannelGraph, layer: string) => groups.find(({ layers }) => layers.includes(layer))?.fixed;
const chain = (...layers: tf.layers.Layer[]) => tf.sequential({ layers: [tf.layers.conv2d({ name: "a", filters: 8, kernelSize: 3, inputShape: [6, 6, 3] }), ...layers, tf.layers.flatten(), tf.layers.dense({ name: "head", units: 2 })] });

class Twice extends tf.layers.Layer {
  static className = "TwiceForGroups";
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 2);
  }
}

describe("channelGroups", () => {
  it.each(topologies.map((topology) => [topology.name, topology] as const))("finds the groups of %s", (_, { build, groups }) => expect(free(graphOf(build()))).toEqual(groups));

  it("joins the stem, the last convolutions and the projection of a residual stage", () => {
    expect(Object.keys(free(graphOf(resnet20())))).toEqual(["stem,r1b1_c2,r1b2_c2,r1b3_c2", "r1b1_c1", "r1b2_c1", "r1b3_c1", "r2b1_c1", "r2b1_c2,r2b1_sc,r2b2_c2,r2b3_c2", "r2b2_c1", "r2b3_c1", "r3b1_c1", "r3b1_c2,r3b1_sc,r3b2_c2,r3b3_c2", "r3b2_c1", "r3b3_c1"]);
  });

  it.each<[string, tf.layers.Layer[], RegExp]>([
    ["Permute that moves channels", [tf.layers.permute({ name: "turn", dims: [3, 1, 2] })], /"turn" \(Permute\): moves the channels/],
    ["Reshape that takes them apart", [tf.layers.reshape({ name: "apart", targetShape: [16, 2, 4] })], /"apart" \(Reshape\): takes channels apart/],
    ["a layer of another package", [new Twice({ name: "mine" })], /"mine" \(TwiceForGroups\): not a layer whose channels can change/],
    ["ConvLSTM and the like", [tf.layers.reshape({ name: "r", targetShape: [1, 4, 4, 8] }), tf.layers.convLstm2d({ name: "rnn", filters: 2, kernelSize: 2 })], /"rnn" \(ConvLSTM2D\)/],
    ["channels first", [tf.layers.conv2d({ name: "first", filters: 3, kernelSize: 1, dataFormat: "channelsFirst" })], /"first" \(Conv2D\): channels first/],
  ])("leaves the channels around %s, and says why", (_, layers, reason) => {
    const graph = graphOf(chain(...layers));
    expect(fixedOf(graph, "a")).toMatch(reason);
    expect(graph.unsupported).toHaveLength(1);
    expect(`"${graph.unsupported[0]!.path}" (${graph.unsupported[0]!.className}): ${graph.unsupported[0]!.reason}`).toMatch(reason);
  });

  it("goes through Permute and Reshape that keep the channels last", () => {
    const layers = [tf.layers.permute({ dims: [2, 1, 3] }), tf.layers.reshape({ targetShape: [16, 8] }), tf.layers.dense({ name: "b", units: 5 }), tf.layers.reshape({ targetShape: [80] })];
    const graph = graphOf(tf.sequential({ layers: [tf.layers.conv2d({ name: "a", filters: 8, kernelSize: 3, inputShape: [6, 6, 3] }), ...layers, tf.layers.dense({ units: 2 })] }));
    expect(free(graph)).toEqual({ a: 8, b: 5 });
  });

  it("leaves inputs, outputs and what feeds an output", () => {
    const input = tf.input({ shape: [6, 6, 3] });
    const a = tf.layers.conv2d({ name: "a", filters: 4, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
    const b = tf.layers.conv2d({ name: "b", filters: 4, kernelSize: 1 }).apply(a) as tf.SymbolicTensor;
    const graph = graphOf(tf.model({ inputs: input, outputs: [tf.layers.add().apply([a, b]) as tf.SymbolicTensor] }));
    expect(graph.groups.map(({ id, fixed }) => [id, fixed])).toEqual([["a,b", "model output"], ["", "model input"]]);
  });

  it("leaves excluded layers, by path, name or pattern", () => {
    const options = [["r1b1_c1"], [/^r1b1_c1$/]];
    for (const exclude of options) expect(fixedOf(graphOf(resnet20(), { exclude }), "r1b1_c1")).toBe("excluded");
    expect(Object.keys(free(graphOf(resnet20(), { exclude: [/^r1/] })))).not.toContain("r1b1_c1");
    const model = resnet20();
    expect(() => channelGroups(model, { exclude: ["nowhere"] })).toThrow(/no layer matches "nowhere" of exclude.*stem/);
    disposeModel(model);
  });

  it("leaves channels that depthwise repeats do not line up with", () => {
    const input = tf.input({ shape: [6, 6, 3] });
    const a = tf.layers.conv2d({ name: "a", filters: 4, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
    const twice = tf.layers.depthwiseConv2d({ name: "d", kernelSize: 1, depthMultiplier: 2 }).apply(a) as tf.SymbolicTensor;
    const b = tf.layers.conv2d({ name: "b", filters: 8, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
    const sum = tf.layers.add({ name: "sum" }).apply([twice, b]) as tf.SymbolicTensor;
    const graph = graphOf(tf.model({ inputs: input, outputs: tf.layers.dense({ name: "head", units: 2 }).apply(tf.layers.globalAveragePooling2d({}).apply(sum)) as tf.SymbolicTensor }));
    for (const layer of ["a", "b"]) expect(fixedOf(graph, layer)).toMatch(/"sum" combines channels that do not line up/);
  });

  it("makes no tensors and changes nothing", async () => {
    const model = resnet20();
    const before = JSON.stringify(model.toJSON(null, false));
    await expectTensorGrowth(0, async () => void channelGroups(model));
    expect(JSON.stringify(model.toJSON(null, false))).toBe(before);
    disposeModel(model);
  });
});

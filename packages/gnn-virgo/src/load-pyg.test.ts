import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { beforeAll, describe, expect, it } from "vitest";
import { createGraph, gatConv, gcnConv, ginConv, graphNorm, loadPygWeights, readSafetensors, sageConv, setGraph, toPygWeights, type PygStateDict } from "./index.js";

beforeAll(() => void (tf.getBackend() === "wasm" && registerTrainingKernels()));

// Made by fixtures/pyg_model.py.
const bytes = () => new Uint8Array(readFileSync(new URL("../fixtures/pyg-model.safetensors", import.meta.url)));
const given = JSON.parse(readFileSync(new URL("../fixtures/pyg-model.json", import.meta.url), "utf8")) as { src: number[]; dst: number[]; batch: number[]; x: number[][]; y: number[][]; names: string[] };

const relu = { activation: "relu" } as const;
const modelOf = () =>
  tf.sequential({
    layers: [
      gcnConv({ name: "conv1", units: 4, ...relu, inputShape: [3] }),
      sageConv({ name: "conv2", units: 5, aggregator: "max", normalize: true, ...relu }),
      sageConv({ name: "conv3", units: 4, rootWeight: false, useBias: false, ...relu }),
      gatConv({ name: "conv4", units: 3, heads: 2, ...relu }),
      gatConv({ name: "conv5", version: 2, units: 4, heads: 3, concat: false, ...relu }),
      gatConv({ name: "conv6", version: 2, units: 2, heads: 2, shareWeights: true, ...relu }),
      ginConv({ name: "conv7", hiddenUnits: 6, units: 4, eps: 0.25, ...relu }),
      ginConv({ name: "conv8", hiddenUnits: 5, units: 3, trainEps: true, ...relu }),
      graphNorm({ name: "norm" }),
      tf.layers.batchNormalization({ name: "bn", epsilon: 1e-5 }),
      tf.layers.dense({ name: "head", units: 2 }),
    ],
  });
/** One GIN convolution and a weightless layer. */
const small = (more: object = {}) => tf.sequential({ layers: [ginConv({ name: "conv1", units: 2, inputShape: [2], ...more }), tf.layers.dropout({ rate: 0.5 })] });
const state = (): Record<string, { shape: number[]; data: number[] }> => ({
  "conv1.eps": { shape: [1], data: [0] },
  "conv1.nn.0.weight": { shape: [2, 2], data: [1, 2, 3, 4] },
  "conv1.nn.0.bias": { shape: [2], data: [5, 6] },
  "conv1.nn.2.weight": { shape: [2, 2], data: [7, 8, 9, 10] },
  "conv1.nn.2.bias": { shape: [2], data: [11, 12] },
});

describe("loadPygWeights", () => {
  it("makes a model give what the PyG model gives, on a batch of two graphs with loops and isolated nodes", async () => {
    await expectTensorGrowth(0, async () => {
      const graph = createGraph({ numNodes: 9, src: given.src, dst: given.dst, batch: given.batch });
      const model = modelOf();
      loadPygWeights(model, readSafetensors(bytes()));
      setGraph(model, graph);
      const x = tf.tensor2d(given.x);
      const y = model.predict(x, { batchSize: 9 }) as tf.Tensor;
      expectClose(await y.data(), given.y.flat(), 2e-5, 2e-5);
      tf.dispose([x, y]);
      graph.dispose();
      model.dispose();
    });
  });

  it("is undone by toPygWeights: the same names, shapes and numbers", async () => {
    const model = modelOf();
    const stateDict = readSafetensors(bytes());
    loadPygWeights(model, stateDict);
    const back = await expectTensorGrowth(0, () => toPygWeights(model));
    // What has a second name comes back under the first; what torch counts is not kept.
    const first = (name: string) => name.replace("conv8.nn.lins.0", "conv8.nn.0").replace("conv8.nn.lins.1", "conv8.nn.2");
    expect(Object.keys(back).toSorted()).toEqual(given.names.filter((name) => !name.endsWith("num_batches_tracked")).map(first).toSorted());
    for (const name of given.names) {
      if (name.endsWith("num_batches_tracked")) continue;
      expect(back[first(name)]!.shape, name).toEqual(stateDict[name]!.shape);
      expect([...back[first(name)]!.data], name).toEqual(Array.from(stateDict[name]!.data));
    }
    model.dispose();
  });

  it("transposes kernels, and finds layers of nested models, or by the names it is told", async () => {
    const inner = tf.sequential({ name: "encoder", layers: [gcnConv({ name: "first", units: 2, useBias: false, inputShape: [3] })] });
    const model = tf.sequential({ layers: [inner] });
    const weight = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
    const kernel = async () => [...(await model.getWeights()[0]!.data())];
    loadPygWeights(model, { "encoder.first.lin.weight": weight });
    expect(await kernel()).toEqual([1, 4, 2, 5, 3, 6]);
    loadPygWeights(model, { "convs.0.lin.weight": { ...weight, data: [9, 2, 3, 4, 5, 6] } }, { names: { "encoder/first": "convs.0" } });
    expect(await kernel()).toEqual([9, 4, 2, 5, 3, 6]);
    expect(Object.keys(await toPygWeights(model, { names: { "encoder/first": "convs.0" } }))).toEqual(["convs.0.lin.weight"]);
    model.dispose();
  });

  it.each<[string, (dict: ReturnType<typeof state>) => PygStateDict, string, string]>([
    ["a missing tensor", (dict) => Object.fromEntries(Object.entries(dict).filter(([name]) => name !== "conv1.nn.2.bias")), "NO_MATCH", 'no "conv1.nn.2.bias" for the weight "conv1/inner_bias"'],
    ["one too many", (dict) => ({ ...dict, "conv2.bias": { shape: [1], data: [1] } }), "NO_MATCH", 'no layer takes "conv2.bias"'],
    ["another shape", (dict) => ({ ...dict, "conv1.nn.2.weight": { shape: [1, 4], data: [1, 2, 3, 4] } }), "SHAPE_MISMATCH", '"conv1.nn.2.weight" must have shape [2,2]'],
    ["fewer entries than its shape says", (dict) => ({ ...dict, "conv1.nn.2.bias": { shape: [2], data: [1] } }), "SHAPE_MISMATCH", "with 1 entries"],
    ["NaN", (dict) => ({ ...dict, "conv1.nn.2.bias": { shape: [2], data: [1, NaN] } }), "NOT_FINITE", '"conv1.nn.2.bias" has entries'],
    ["another ε", (dict) => ({ ...dict, "conv1.eps": { shape: [1], data: [0.5] } }), "PLAN_MISMATCH", '"conv1.eps" must be 0'],
  ])("refuses %s, and writes nothing", async (_, change, code, message) => {
    const model = small();
    const before = await Promise.all(model.getWeights().map((weight) => weight.data()));
    await expectTensorGrowth(0, () => {
      const attempt = () => loadPygWeights(model, change(state()));
      expect(attempt).toThrow(expect.objectContaining({ code }));
      expect(attempt).toThrow(message);
    });
    expect(await Promise.all(model.getWeights().map((weight) => weight.data()))).toEqual(before);
    model.dispose();
  });

  it("refuses a second kernel that differs where the layer shares one, layers without a counterpart, and names of none", async () => {
    const shared = tf.sequential({ layers: [gatConv({ name: "c", version: 2, units: 1, shareWeights: true, useBias: false, inputShape: [1] })] });
    const one = { shape: [1, 1], data: [2] };
    const dict = { "c.lin_l.weight": one, "c.att": { shape: [1, 1, 1], data: [1] } };
    loadPygWeights(shared, { ...dict, "c.lin_r.weight": one });
    expect(() => loadPygWeights(shared, { ...dict, "c.lin_r.weight": { ...one, data: [3] } })).toThrow(expect.objectContaining({ code: "PLAN_MISMATCH" }));
    expect(() => loadPygWeights(shared, dict, { names: { d: "e" } })).toThrow('loadPygWeights: `names` has "d", which is no layer of the model. Its layers are "c".');
    const other = tf.sequential({ layers: [tf.layers.layerNormalization({ name: "ln", inputShape: [2] })] });
    expect(() => loadPygWeights(other, {})).toThrow('the layer "ln" is a LayerNormalization');
    await expect(toPygWeights(other)).rejects.toThrow(expect.objectContaining({ code: "NO_MATCH" }));
    for (const model of [shared, other]) model.dispose();
  });
});

describe("readSafetensors", () => {
  const file = (header: unknown, data: Uint8Array) => {
    const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const all = new Uint8Array(8 + text.length + data.length);
    new DataView(all.buffer).setBigUint64(0, BigInt(text.length), true);
    all.set(text, 8);
    all.set(data, 8 + text.length);
    return all;
  };

  it("reads floats of three widths and whole numbers, also from the middle of a buffer", () => {
    const data = new Uint8Array([...new Uint8Array(new Float64Array([1.5]).buffer), ...new Uint8Array(new Float32Array([-2.25]).buffer), 0x40, 0xc0, ...new Uint8Array(new BigInt64Array([-7n]).buffer), ...new Uint8Array(new Int32Array([9]).buffer)]);
    const header = { __metadata__: { format: "pt" }, a: { dtype: "F64", shape: [], data_offsets: [0, 8] }, b: { dtype: "F32", shape: [1], data_offsets: [8, 12] }, c: { dtype: "BF16", shape: [1], data_offsets: [12, 14] }, d: { dtype: "I64", shape: [1, 1], data_offsets: [14, 22] }, e: { dtype: "I32", shape: [1], data_offsets: [22, 26] } };
    const bytes = file(header, data);
    const within = new Uint8Array(bytes.length + 3);
    within.set(bytes, 3);
    const tensors = readSafetensors(within.subarray(3));
    expect(Object.entries(tensors).map(([name, { shape, data }]) => [name, shape, Array.from(data)])).toEqual([["a", [], [1.5]], ["b", [1], [-2.25]], ["c", [1], [-3]], ["d", [1, 1], [-7]], ["e", [1], [9]]]);
  });

  it.each<[string, Uint8Array, string]>([
    ["nothing", new Uint8Array(3), "no safetensors file"],
    ["a header cut off", bytes().subarray(0, 200), "cut off in its header"],
    ["data cut off", bytes().subarray(0, -4), "The file may be cut off"],
    ["a header that is no JSON", file("{", new Uint8Array(0)), "the header is no JSON"],
    ["another dtype", file({ a: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1)), '"a" has dtype F8_E4M3'],
    ["offsets that do not fit the shape", file({ a: { dtype: "F32", shape: [2], data_offsets: [0, 4] } }, new Uint8Array(4)), '"a" must have 8 bytes'],
  ])("refuses %s", (_, given, message) => {
    expect(() => readSafetensors(given)).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    expect(() => readSafetensors(given)).toThrow(message);
  });
});

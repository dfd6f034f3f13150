import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { kaiming } from "./kaiming.js";
import { checkPatternKeys, layersToSave, patternValue, resolveRank, selectSites, type LoraTargetOptions } from "./select-sites.js";

const network = () => {
  const x = tf.input({ shape: [4] });
  const block = (name: string) => tf.sequential({ name, layers: [tf.layers.dense({ units: 4, inputShape: [4], name: "q" }), tf.layers.dense({ units: 4, name: "fc1" })] });
  let y = x;
  for (const name of ["block0", "block1"]) y = block(name).apply(y) as tf.SymbolicTensor;
  return networkOf(tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2, name: "head" }).apply(y) as tf.SymbolicTensor }));
};
const chosen = (options: LoraTargetOptions) => selectSites(network(), options, "test").map(({ layer }) => layer);
const failure = (options: LoraTargetOptions) => {
  try {
    chosen(options);
  } catch (error) {
    return error as WarmstartError;
  }
  throw new Error("did not throw");
};

describe("selectSites", () => {
  it("takes all dense layers by default, in the order of the network", () => {
    expect(chosen({})).toEqual(["block0/q", "block0/fc1", "block1/q", "block1/fc1", "head"]);
  });

  it("takes layers by path, by last name, by pattern and by several of them", () => {
    expect(chosen({ targetLayers: "block1/q" })).toEqual(["block1/q"]);
    expect(chosen({ targetLayers: "q" })).toEqual(["block0/q", "block1/q"]);
    expect(chosen({ targetLayers: /^block0/ })).toEqual(["block0/q", "block0/fc1"]);
    expect(chosen({ targetLayers: ["head", "block0/q"] })).toEqual(["block0/q", "head"]);
  });

  it("leaves out what is excluded or trains as a whole", () => {
    expect(chosen({ excludeLayers: "fc1", modulesToSave: "head" })).toEqual(["block0/q", "block1/q"]);
  });

  it("takes a global or sticky pattern as often as it is asked", () => {
    expect(chosen({ targetLayers: /q$/g })).toEqual(["block0/q", "block1/q"]);
  });

  it("refuses a network that carries adapters, and an empty list", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4], name: "a" }), tf.layers.dense({ units: 4, name: "b" })] });
    const { result } = await initialize(model, kaiming({ r: 1, targetLayers: "a" }));
    expect(() => selectSites(networkOf(result), { targetLayers: "b" }, "test")).toThrow(/layer "a" carries an adapter already/);
    expect(failure({ targetLayers: [] }).code).toBe("INVALID_OPTION");
  });

  it("lists the nearest names when nothing matches", () => {
    const error = failure({ targetLayers: ["q", "fc2"] });
    expect(error.code).toBe("NO_MATCH");
    expect(error.message).toMatch(/no layer matches "fc2" in `targetLayers`\. Nearest: block0\/fc1, block1\/fc1/);
    expect(failure({ targetLayers: "conv2d" }).code).toBe("NO_MATCH");
    expect(failure({ excludeLayers: /./ }).message).toMatch(/leave no layer/);
    expect(failure({ modulesToSave: "haed" }).message).toMatch(/no layer matches "haed" in `modulesToSave`\. Nearest: head/);
    const misspelt = () => checkPatternKeys({ q: 2, fc9: 3, "a(b": 1 }, "rankPattern", network(), "test");
    expect(misspelt).toThrow(/no layer matches "fc9" in `rankPattern`\. Nearest: block0\/fc1/);
  });
});

describe("layersToSave", () => {
  it("finds layers of any class by name or pattern, for plans that keep paths alone", () => {
    const x = tf.layers.dense({ units: 4, inputShape: [4], name: "fc" });
    const net = networkOf(tf.sequential({ layers: [x, tf.layers.layerNormalization({ name: "norm" }), tf.layers.dense({ units: 2, name: "head" })] }));
    expect(layersToSave(net, [/^no/, "head"], "test")).toEqual(["norm", "head"]);
    expect(layersToSave(net, undefined, "test")).toEqual([]);
  });
});

describe("resolveRank", () => {
  it("accepts what fits, and names layer, shape and the largest rank otherwise", () => {
    const head = network().sites.at(-1)!;
    expect(resolveRank(2, head, "test")).toBe(2);
    for (const r of [0, -1, 1.5, 3, NaN]) expect(() => resolveRank(r, head, "test")).toThrow(/layer "head" \(kernel 4×2\): `r` must be a whole number from 1 to 2/);
  });
});

describe("patternValue", () => {
  it("finds a layer's value by path, last name or pattern, the longest key first", () => {
    const patterns = { q: 4, "block1/q": 2, "block\\d/fc1": 8 };
    expect(["block0/q", "block1/q", "block0/fc1", "head"].map((layer) => patternValue(patterns, layer))).toEqual([4, 2, 8, undefined]);
  });
});

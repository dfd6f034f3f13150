// On a real net: a pretrained MobileNetV2 of 162 layers, from npm's `nsfwjs`, as a LayersModel.
import * as tf from "@tensorflow/tfjs";
import { createRequire } from "node:module";
import { disposeModel, initialize, networkOf } from "@warmstart/init-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countMacs } from "../cost/count-macs.js";
import { channelGroups } from "./channel-groups.js";
import { preCrop } from "./pre-crop.js";

interface Bundled {
  readonly modelJson: () => Promise<{ readonly modelTopology: object; readonly weightsManifest: readonly { readonly weights: tf.io.WeightsManifestEntry[] }[] }>;
  readonly weightBundles: readonly (() => Promise<{ readonly default: string } | string>)[];
}

async function pretrained(): Promise<tf.LayersModel> {
  const { MobileNetV2Model } = createRequire(import.meta.url)("nsfwjs/models/mobilenet_v2") as { MobileNetV2Model: Bundled };
  const { modelTopology, weightsManifest } = await MobileNetV2Model.modelJson();
  const shards = await Promise.all(MobileNetV2Model.weightBundles.map(async (load) => load()));
  const bytes = Buffer.concat(shards.map((shard) => Buffer.from(typeof shard === "string" ? shard : shard.default, "base64")));
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData: new Uint8Array(bytes).buffer }));
}

const photograph = () => tf.tidy(() => tf.div(tf.add(tf.sin(tf.reshape(tf.range(0, 224 * 224 * 3, 1), [1, 224, 224, 3])), 1), 2));

describe("a pretrained MobileNetV2", () => {
  let model: tf.LayersModel;
  beforeAll(async () => {
    model = await pretrained();
  }, 120_000);
  afterAll(() => disposeModel(model));

  it("costs what its tables say", () => {
    const { total, perLayer, uncounted } = countMacs(model);
    expect(model.countParams()).toBe(2619461);
    expect(uncounted).toEqual([]);
    // 27·32 at 112² in the stem; 300.8 M published for the whole net with 1,280·1,000 in its head, here 1,280·256 + 256·128 + 128·5
    expect(perLayer.Conv1).toBe(27 * 32 * 112 * 112);
    expect(total).toBe(300774272 - 1280 * 1000 + 1280 * 256 + 256 * 128 + 128 * 5);
  });

  it("has the groups of the published architecture, head included", () => {
    const { groups, unsupported } = channelGroups(model);
    expect(unsupported).toEqual([]);
    expect(groups.filter(({ fixed }) => fixed === undefined)).toHaveLength(25 + 2);
  });

  it("is sliced to half the multiply-adds, and predicts", async () => {
    const { result: small, details } = await initialize(model, preCrop({ budget: { flops: 0.5 }, roundTo: 8, minChannels: 8, weights: "slice", rescale: false }));
    try {
      expect(details.macs).toEqual([countMacs(model).total, countMacs(small).total]);
      expect(details.macs![1] / details.macs![0]).toBeLessThanOrEqual(0.5);
      expect(details.macs![1] / details.macs![0]).toBeGreaterThan(0.49);
      expect(small.countParams()).toBe(details.params[1]);
      const [kernel, whole] = [small, model].map((each) => networkOf(each).parameters.find(({ path }) => path === "Conv1/kernel")!.variable);
      const equal = tf.tidy(() => tf.all(tf.equal(kernel!, tf.slice(whole!, [0, 0, 0, 0], [3, 3, 3, kernel!.shape[3]!]))));
      expect((await equal.data())[0]).toBe(1);
      const output = tf.tidy(() => small.predict(photograph()) as tf.Tensor);
      expect(output.shape).toEqual((model.outputs[0]!.shape as number[]).with(0, 1));
      expect((await output.data()).every(Number.isFinite)).toBe(true);
      tf.dispose([equal, output]);
    } finally {
      disposeModel(small);
    }
  }, 60_000);
});

import * as tf from "@tensorflow/tfjs";
import { disposeModel } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { buildResnet } from "./resnet.js";

const parameters = (model: tf.LayersModel) => model.trainableWeights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);

describe("buildResnet", () => {
  it("has as many parameters as the paper's table 6 says, in millions 0.27, 0.46 and 0.85", async () => {
    for (const [depth, count] of [[20, 269_722], [32, 464_154], [56, 853_018]] as const) {
      await expectTensorGrowth(0, () => {
        const model = buildResnet({ depth, seed: 1 });
        expect(parameters(model)).toBe(count);
        disposeModel(model);
      });
    }
  });

  it("counts its layers as the paper does: convolutions and the last dense one", () => {
    const model = buildResnet({ depth: 32, seed: 1 });
    expect(model.layers.filter(({ name }) => /conv\d$|^stem$|^head$/.test(name))).toHaveLength(32);
    disposeModel(model);
  });

  it("hands every second pixel on at a shortcut, between channels of zeros", async () => {
    const model = buildResnet({ depth: 20, seed: 1 });
    const at = (name: string) => model.getLayer(name).output as tf.SymbolicTensor;
    const part = tf.model({ inputs: model.inputs, outputs: [at("stage0/block2/relu2"), at("stage1/block0/shortcut/back")] });
    const images = tf.randomNormal([2, 32, 32, 3], 0, 1, "float32", 1);
    const [before, after] = part.predict(images) as [tf.Tensor4D, tf.Tensor4D];
    expect(after.shape).toEqual([2, 16, 16, 32]);
    const expected = tf.tidy(() => tf.pad(tf.reshape(tf.slice(tf.reshape(before, [2, 16, 2, 16, 32]), [0, 0, 0, 0, 0], [2, 16, 1, 16, 16]), [2, 16, 16, 16]), [[0, 0], [0, 0], [0, 0], [8, 8]]));
    expectClose(await after.data(), await expected.data(), 0, 0);
    tf.dispose([images, before, after, expected]);
    disposeModel(model);
  });

  it("starts from the same weights for the same seed", async () => {
    const [a, b, other] = [1, 1, 2].map((seed) => buildResnet({ depth: 20, seed }));
    const kernel = (model: tf.LayersModel) => (model.getLayer("stage2/block1/conv2").getWeights()[0] as tf.Tensor).data();
    expect(await kernel(a!)).toEqual(await kernel(b!));
    expect(await kernel(a!)).not.toEqual(await kernel(other!));
    for (const model of [a, b, other]) disposeModel(model!);
  });

  it("names the depths there are", () => {
    expect(() => buildResnet({ depth: 18, seed: 1 })).toThrow("6n + 2");
  });
});

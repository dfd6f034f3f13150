// In a page: a saved model.json goes in, a smaller one comes out.
import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { disposeModel } from "@warmstart/init-core";
import { countMacs } from "@warmstart/pruning-at-init";
import { requireBackend, whenChromium } from "@warmstart/test-kit";
import { evaluateInPage } from "@warmstart/test-kit/page";
import { beforeAll, describe, expect, it } from "vitest";
import { filesOf, load, type SavedFiles } from "./saved-files.js";

function residualNet(): tf.LayersModel {
  const conv = (x: tf.SymbolicTensor) => tf.layers.batchNormalization().apply(tf.layers.conv2d({ filters: 12, kernelSize: 3, padding: "same", useBias: false }).apply(x)) as tf.SymbolicTensor;
  const input = tf.input({ shape: [8, 8, 3] });
  const stem = conv(input);
  const sum = tf.layers.add().apply([conv(tf.layers.reLU().apply(conv(stem)) as tf.SymbolicTensor), stem]) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 4 }).apply(tf.layers.globalAveragePooling2d({}).apply(sum)) as tf.SymbolicTensor });
}

describe("cropping a saved model", () => {
  beforeAll(() => requireBackend("cpu"));

  it("keeps what it was given to read", async () => {
    const model = residualNet();
    const again = await load(await filesOf(model));
    expect(countMacs(again).total).toBe(countMacs(model).total);
    for (const each of [model, again]) disposeModel(each);
  });

  whenChromium("cropping a saved model", () =>
    it("gives a smaller one in a page, with the same inputs and outputs", async () => {
      const model = residualNet();
      const files = await filesOf(model);
      const cropped = (await evaluateInPage(fileURLToPath(new URL("./crop-saved-model.browser.ts", import.meta.url)), `cropSavedModel(${JSON.stringify(files)})`)) as SavedFiles;
      expect(cropped.weights.length).toBeLessThan(0.65 * files.weights.length);
      const small = await load(cropped);
      expect(countMacs(small).total).toBeLessThanOrEqual(0.5 * countMacs(model).total);
      expect(small.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
      const output = tf.tidy(() => small.predict(tf.ones([2, 8, 8, 3])) as tf.Tensor);
      expect(output.shape).toEqual([2, 4]);
      expect((await output.data()).every(Number.isFinite)).toBe(true);
      output.dispose();
      for (const each of [model, small]) disposeModel(each);
    }, 240_000),
  );
});

// In a page: a saved model.json is pruned, trained, and saved; what was pruned is still zero.
import * as tf from "@tensorflow/tfjs";
import { fileURLToPath } from "node:url";
import { disposeModel, networkOf } from "@warmstart/init-core";
import { expectClose, requireBackend, whenChromium } from "@warmstart/test-kit";
import { evaluateInPage } from "@warmstart/test-kit/page";
import { beforeAll, describe, expect, it } from "vitest";
import type { Given, Outcome } from "./mask-saved-model.browser.js";
import { filesOf, load } from "./saved-files.js";

function classifier(): tf.LayersModel {
  let seed = 1;
  const conv = (filters: number, more: object = {}) => tf.layers.conv2d({ filters, kernelSize: 3, useBias: false, kernelInitializer: tf.initializers.heNormal({ seed: seed++ }), ...more });
  return tf.sequential({ layers: [conv(16, { inputShape: [8, 8, 1] }), tf.layers.batchNormalization(), tf.layers.reLU(), conv(16), tf.layers.batchNormalization(), tf.layers.reLU(), tf.layers.flatten(), tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer: tf.initializers.heNormal({ seed: 3 }) })] });
}

/** The class is the third of the image that is bright. */
function brightThirds(count: number): Pick<Given, "images" | "labels"> {
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  return { labels, images: labels.flatMap((label, i) => Array.from({ length: 64 }, (_, pixel) => Number(Math.min(2, Math.floor((pixel % 8) / 3)) === label) + 0.3 * Math.sin(i * 64 + pixel))) };
}

const kernelsOf = async (model: tf.LayersModel) => Object.fromEntries(await Promise.all(networkOf(model).parameters.filter(({ role }) => role === "kernel").map(async ({ path, variable }) => [path, [...(await variable.data())]] as const)));

describe("pruning a saved model", () => {
  beforeAll(() => requireBackend("cpu"));

  it("starts from weights without zeros", async () => {
    const model = classifier();
    const again = await load(await filesOf(model));
    expect(Object.values(await kernelsOf(again)).flat().every((weight) => weight !== 0)).toBe(true);
    for (const each of [model, again]) disposeModel(each);
  });

  whenChromium("pruning a saved model", () =>
    it("by SynFlow and SNIP in a page: what is pruned stays zero through training and saving, the rest trains, and cut-off channels come out", async () => {
      const model = classifier();
      const [files, before, compression] = [await filesOf(model), await kernelsOf(model), 20];
      const { images, labels } = brightThirds(36);
      const page = fileURLToPath(new URL("./mask-saved-model.browser.ts", import.meta.url));
      const calls = (["synflow", "snip"] as const).map((method) => `await pruneSavedModel(${JSON.stringify({ ...files, method, compression, images, labels } satisfies Given)})`);
      const outcomes = (await evaluateInPage(page, `(async () => [${calls.join(", ")}])()`)) as Outcome[];
      expect(outcomes).toHaveLength(2);
      for (const { backend, masks, losses, trained, compacted } of outcomes) {
        expect(backend).toBe("wasm");
        expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);

        const [back, small] = [await load(trained), await load(compacted)];
        const after = await kernelsOf(back);
        expect(Object.keys(masks)).toEqual(Object.keys(before));
        const total = Object.values(before).flat().length;
        expect(Object.values(masks).flat().filter((bit) => bit === 1)).toHaveLength(Math.floor(total / compression + 0.5));
        for (const [path, mask] of Object.entries(masks)) {
          expect(after[path]!.every((weight, i) => (weight !== 0) === (mask[i] === 1)), path).toBe(true);
          expect(after[path]!.some((weight, i) => weight !== 0 && weight !== before[path]![i]), `${path} has trained`).toBe(true);
        }

        expect(compacted.weights.length).toBeLessThan(0.8 * trained.weights.length);
        const outputs = tf.tidy(() => {
          const xs = tf.tensor4d([...images], [labels.length, 8, 8, 1]);
          return [back, small].map((each) => each.predict(xs) as tf.Tensor);
        });
        const [whole, rest] = await Promise.all(outputs.map((output) => output.data()));
        expectClose(rest!, whole!, 1e-5, 1e-5);
        tf.dispose(outputs);
        for (const each of [back, small]) disposeModel(each);
      }
      disposeModel(model);
    }, 240_000),
  );
});

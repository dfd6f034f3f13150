import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, networkOf } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { adaptersOf } from "./adapters-of.js";
import { detach } from "./detach.js";
import { kaiming } from "./kaiming.js";
import { pissa } from "./pissa.js";

/** Frozen and trainable layers of every sort around the adapted one. */
const base = () =>
  tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 5, trainable: false }),
      tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 3, returnSequences: true }), mergeMode: "concat" }),
      tf.layers.gru({ units: 4, returnSequences: true }),
      tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 4, name: "inside" }) }),
      tf.layers.layerNormalization(),
      tf.layers.dense({ units: 5, name: "fc" }),
      tf.layers.dense({ units: 2, name: "head" }),
    ],
  });
const trainable = (model: tf.LayersModel) => networkOf(model).parameters.filter((parameter) => parameter.trainable).map(({ path }) => path);
const ids = () => tf.tensor2d([[1, 2, 3, 4, 0], [8, 7, 0, 1, 1]], undefined, "int32");

describe("detach", () => {
  it("lets train again what attach froze, and nothing that was frozen before, also after save and load", async () => {
    const model = base();
    const before = trainable(model);
    expect(before.some((path) => path.includes("forward_lstm"))).toBe(true);
    expect(before.some((path) => path.includes("embeddings"))).toBe(false);
    const { result } = await initialize(model, kaiming({ r: 2, targetLayers: "fc" }));
    expect(trainable(result)).toEqual(["fc/lora_down", "fc/lora_up"]);
    expect(result.trainableWeights.length).toBe(2);
    expect(trainable(detach(result))).toEqual(before);
    let artifacts: tf.io.ModelArtifacts | undefined;
    await result.save(tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts!));
    expect(trainable(loaded)).toEqual(["fc/lora_down", "fc/lora_up"]);
    expect(trainable(detach(loaded))).toEqual(before);
    expectClose(await (detach(loaded).predict(ids()) as tf.Tensor).data(), await (model.predict(ids()) as tf.Tensor).data());
  });

  it("gives a model of stock layers that computes the same, with and without the product", async () => {
    const model = base();
    const { result } = await initialize(model, kaiming({ r: 2, targetLayers: ["fc", "inside"] }));
    for (const { up } of adaptersOf(result)) up.assign(tf.randomNormal(up.shape, 0, 1, "float32", 4));
    const run = async (of: tf.LayersModel) => (await (of.predict(ids()) as tf.Tensor).data()).slice();
    const plain = detach(result);
    expect(plain.getClassName()).toBe("Sequential");
    const configs = (of: tf.LayersModel) => of.layers.map((layer) => ({ ...layer.getConfig(), dtype: "float32" })); // tfjs leaves it out of some layers until they are built again
    expect(configs(plain)).toEqual(configs(model));
    expectClose(await run(plain), await run(result), 1e-5, 1e-4);
    expect(await run(detach(result, { merged: false }))).toEqual(await run(model));
  });

  it("keeps the whole weight of PiSSA with the product, and only the residual without", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 6, inputShape: [5], name: "fc" })] });
    const { result } = await initialize(model, pissa({ r: 2 }));
    const energy = async (of: tf.LayersModel) => (await tf.sum(tf.square(networkOf(of).parameters[0]!.variable)).data())[0]!;
    expect(await energy(detach(result))).toBeCloseTo(await energy(model), 4);
    expect(await energy(detach(result, { merged: false }))).toBeLessThan(0.7 * (await energy(model)));
  });

  it("leaks nothing: the new model holds its weights, the kernels that it was given are freed", async () => {
    const { result } = await initialize(base(), kaiming({ r: 2, targetLayers: "fc" }));
    await expectTensorGrowth(0, () => disposeModel(detach(result)));
    disposeModel(result);
  });
});

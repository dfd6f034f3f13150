import * as tf from "@tensorflow/tfjs";
import { subSeed, WarmstartError } from "@warmstart/init-core";
import { describe, expect, it } from "vitest";
import { registerVirgoInitializers, virgoInitializer, virgoInitializers, virgoPlan } from "../index.js";
import { karateClub } from "../karate.fixture.js";

const registeredOnImport = Object.keys(tf.serialization.SerializationMap.getMap().classNameMap);

async function read(tensor: tf.Tensor): Promise<number[]> {
  const values = await tensor.data();
  tensor.dispose();
  return [...values];
}

describe("virgoInitializer", () => {
  it("is registered by its factory or by registerVirgoInitializers, not by importing", () => {
    expect(registeredOnImport).not.toContain("WarmstartVirgo");
    registerVirgoInitializers();
    expect(tf.serialization.SerializationMap.getMap().classNameMap).toHaveProperty("WarmstartVirgo");
  });

  it("draws weights of that variance: within the bound, and within 1 % of it over a million", async () => {
    const values = await read(virgoInitializer({ variance: 0.05, seed: 2 }).apply([1000, 1000]));
    expect(values.reduce((sum, value) => Math.max(sum, Math.abs(value)), 0)).toBeLessThanOrEqual(Math.fround(Math.sqrt(0.15)));
    expect(Math.abs(values.reduce((sum, value) => sum + value * value, 0) / 1e6 / 0.05 - 1)).toBeLessThan(0.01);
    expect(Math.abs(values.reduce((sum, value) => sum + value, 0) / 1e6)).toBeLessThan(1e-3);
  });

  it("repeats for a seed", async () => {
    const draw = (seed: number) => read(virgoInitializer({ variance: 2, seed, distribution: "normal" }).apply([3, 4]));
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  it("comes back from a saved model with its variance, without the graph", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: virgoInitializer({ variance: 0.3, distribution: "truncatedNormal", seed: 4 }) as never })] });
    expect(JSON.stringify(model.toJSON(undefined, false))).toContain('"class_name":"WarmstartVirgo","config":{"variance":0.3,"distribution":"truncated_normal","seed":4}');
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
    }));
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    expect(await read(loaded.getWeights()[0]!.clone())).toEqual(await read(model.getWeights()[0]!.clone()));
    model.dispose();
    loaded.dispose();
  });

  it("refuses variances that are none", () => {
    for (const variance of [0, -1, NaN, Infinity]) expect(() => virgoInitializer({ variance })).toThrow(WarmstartError);
    expect(() => virgoInitializer({ variance: 0 })).toThrow("variance must be positive and finite, got 0. Take an entry of virgoPlan(…).variance.");
    expect(() => virgoInitializer({ distribution: "levy" as never })).toThrow('distribution must be one of "uniform", "normal", "truncatedNormal", got "levy"');
  });
});

describe("virgoInitializers", () => {
  it("are one a layer, each with its variance and a seed of its own", () => {
    const plan = virgoPlan(karateClub(), { dims: [34, 16, 16, 2] });
    const made = virgoInitializers(plan, { distribution: "normal", seed: 5 });
    expect(made.map(({ config }) => config)).toEqual([...plan.variance].map((variance, i) => ({ variance, distribution: "normal", seed: subSeed(5, i) })));
    expect(virgoInitializers(plan)[1]!.config).toEqual({ variance: plan.variance[1], distribution: "uniform", seed: subSeed(0, 1) });
  });
});

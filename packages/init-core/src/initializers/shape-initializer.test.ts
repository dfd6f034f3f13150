import * as tf from "@tensorflow/tfjs";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { WarmstartError } from "../errors.js";
import { randomNormal } from "../random/normal.js";
import { deltaOrthogonal, orthogonal } from "./orthogonal.js";
import { registerInitializers } from "./register-initializers.js";
import { defineShapeInitializer, type ShapeInitializer } from "./shape-initializer.js";
import { truncatedNormal } from "./truncated-normal.js";
import { glorotNormal, glorotUniform, heNormal, heUniform, leCunNormal, leCunUniform, varianceScaling } from "./variance-scaling.js";

const makers: Record<string, (seed?: number) => ShapeInitializer> = {
  varianceScaling: (seed) => varianceScaling({ scale: 3, mode: "fanOut", distribution: "normal", seed }),
  glorotUniform: (seed) => glorotUniform({ seed }),
  glorotNormal: (seed) => glorotNormal({ seed }),
  heUniform: (seed) => heUniform({ seed }),
  heNormal: (seed) => heNormal({ kernel: "depthwise", seed }),
  leCunUniform: (seed) => leCunUniform({ seed }),
  leCunNormal: (seed) => leCunNormal({ seed }),
  truncatedNormal: (seed) => truncatedNormal({ std: 0.1, seed }),
  orthogonal: (seed) => orthogonal({ gain: 1.5, seed }),
  deltaOrthogonal: (seed) => deltaOrthogonal({ gain: 0.5, seed }),
};
const shape = [3, 3, 4, 6];
const read = async (tensor: tf.Tensor) => {
  const values = await tensor.data();
  tensor.dispose();
  return values;
};
const failure = (f: () => unknown) => {
  try {
    f();
  } catch (error) {
    return WarmstartError.isInstance(error) ? `${error.code} ${error.message}` : String(error);
  }
  return "no error";
};
const convModel = (kernelInitializer: ShapeInitializer) => tf.sequential({ layers: [tf.layers.conv2d({ inputShape: [8, 8, 4], filters: 6, kernelSize: 3, useBias: false, kernelInitializer })] });

/** What `save` writes, read back through JSON. */
async function saveAndLoad(model: tf.LayersModel): Promise<{ loaded: tf.LayersModel; topology: string }> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save({ save: async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) }) });
  const topology = JSON.stringify(saved!.modelTopology);
  const loaded = await tf.loadLayersModel({ load: async () => ({ ...saved!, modelTopology: JSON.parse(topology) as object }) });
  return { loaded, topology };
}

describe.each(Object.entries(makers))("%s", (_name, make) => {
  it("makes finite float32 values of the shape asked for, the same ones for the same seed, others for another or none", async () => {
    const first = make(1).apply(shape);
    expect(first.shape).toEqual(shape);
    expect(first.dtype).toBe("float32");
    const values = await read(first);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(await read(make(1).apply(shape))).toEqual(values);
    const others = [await read(make(2).apply(shape)), await read(make().apply(shape)), await read(make().apply(shape))];
    for (const other of others) expect(other).not.toEqual(values);
    expect(others[1]).not.toEqual(others[2]); // two layers without a seed do not start alike
  });

  it("makes the numbers recorded, on every backend", async () => {
    const values = await read(make(7).apply(shape));
    const recorded = Array.from(values.filter((value) => value !== 0).slice(0, 6), (value) => Number(value.toPrecision(4)));
    expect(recorded).toMatchSnapshot();
  });

  it("is a kernelInitializer for tfjs-layers and survives save and load", async () => {
    const model = convModel(make(3));
    const expected = await read(make(3).apply(shape));
    const kernel = await model.getWeights()[0]!.data();
    expect(kernel).toEqual(expected);
    const { loaded, topology } = await saveAndLoad(model);
    expect(topology).toContain(make(3).className);
    expect(await loaded.getWeights()[0]!.data()).toEqual(expected);
    // The loaded layer's own initializer has the same options: it would draw the same kernel.
    const config = loaded.layers[0]!.getConfig().kernelInitializer as { className: string; config: tf.serialization.ConfigDict };
    expect(config).toEqual({ className: make(3).className, config: make(3).config });
    model.dispose();
    loaded.dispose();
  });

  it("leaks nothing", async () => {
    const initializer = make(4);
    const kernel = await expectTensorGrowth(1, () => initializer.apply(shape));
    kernel.dispose();
  });
});

describe("every initializer", () => {
  it("refuses a seed that is no integer, another dtype and an unknown size", () => {
    expect(failure(() => heNormal({ seed: 0.5 }))).toContain("INVALID_OPTION WarmstartVarianceScaling: seed must be an integer");
    expect(failure(() => heNormal().apply([2, 2], "int32"))).toContain("makes float32 weights, asked for int32");
    expect(failure(() => heNormal().apply([null, 2]))).toContain("SHAPE_MISMATCH WarmstartVarianceScaling: every size of the shape must be a known non-negative integer, got [null, 2]");
  });

  it("can be loaded in a program that made none of them, once registerInitializers was called", async () => {
    registerInitializers();
    const known = tf.serialization.SerializationMap.getMap().classNameMap;
    for (const make of Object.values(makers)) expect(known[make().className]).toBeDefined();
  });
});

describe("defineShapeInitializer", () => {
  const noisyConstant = defineShapeInitializer<{ value: number }>({
    className: "TestNoisyConstant",
    options: ({ value = 2 }) => ({ value }),
    values: (sizes, { value }, { seed }) => tf.add(value, randomNormal(sizes, { std: 1e-3, seed })),
  });

  it("registers the class when the factory is called, not before", () => {
    const known = tf.serialization.SerializationMap.getMap().classNameMap;
    expect(known.TestNoisyConstant).toBeUndefined();
    noisyConstant();
    expect(known.TestNoisyConstant).toBeDefined();
  });

  it("completes options, gives them back as config, and frees what the values were made of", async () => {
    expect(noisyConstant().config).toEqual({ value: 2 });
    expect(noisyConstant({ value: 5, seed: 3 }).config).toEqual({ value: 5, seed: 3 });
    const values = await expectTensorGrowth(1, () => noisyConstant({ value: 5, seed: 3 }).apply([4]));
    expectClose(await read(values), [5, 5, 5, 5], 5e-3);
  });
});

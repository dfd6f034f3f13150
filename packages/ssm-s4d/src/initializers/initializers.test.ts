import * as tf from "@tensorflow/tfjs";
import { WarmstartError, type ShapeInitializer } from "@warmstart/init-core";
import { expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { thrown } from "../host.fixture.js";
import { createParameters, mamba2ALog, mamba2Init, mambaALog, mambaDtBias, mambaInit, registerSsmInitializers, s4dAImag, s4dBIm, s4dBRe, s4dCIm, s4dCRe, s4dLogAReal, s4dLogDt, s4dSkip, s5B, s5C, s5Init, s5LambdaIm, type S4DInitializerOptions, type S5Start } from "../index.js";

const registeredOnImport = Object.keys(tf.serialization.SerializationMap.getMap().classNameMap);

/** A factory, the shape it is tried on, and what it must give. */
interface Case {
  readonly make: () => ShapeInitializer;
  readonly shape: readonly number[];
  readonly expected: () => readonly number[] | Float64Array | Float32Array | Promise<ArrayLike<number>>;
}
const [features, modes, seed] = [6, 8, 5];
const options = { init: ["legs", "inv", "rand"], realRandom: true, imagRandom: true, bInit: "random", normalize: true, bClip: null, seed } as const satisfies Partial<S4DInitializerOptions> & { seed: number };

/** One parameter of createParameters with these options. */
async function parameter(name: keyof ReturnType<typeof createParameters>, more: object = {}): Promise<ArrayLike<number>> {
  const parameters = createParameters({ ...options, features, dState: 2 * modes, dtMin: 1e-4, ...more });
  const values = await parameters[name].data();
  tf.dispose({ ...parameters });
  return values;
}

/** Real and imaginary parts in turn. */
const interleaved = (start: S5Start, name: "b" | "c"): number[] => Array.from(start[`${name}Re`]).flatMap((re, i) => [re, start[`${name}Im`][i]!]);

const cases: Readonly<Record<string, Case>> = {
  s4dLogAReal: { make: () => s4dLogAReal(options), shape: [features, modes], expected: () => parameter("logAReal") },
  s4dAImag: { make: () => s4dAImag(options), shape: [features, modes], expected: () => parameter("aImag") },
  s4dBRe: { make: () => s4dBRe(options), shape: [features, modes], expected: () => parameter("bRe") },
  s4dBIm: { make: () => s4dBIm(options), shape: [features, modes], expected: () => parameter("bIm") },
  s4dCRe: { make: () => s4dCRe({ seed }), shape: [2, features, modes], expected: () => parameter("cRe", { channels: 2 }) },
  s4dCIm: { make: () => s4dCIm({ seed }), shape: [features, modes], expected: () => parameter("cIm") },
  s4dLogDt: { make: () => s4dLogDt({ dtMin: 1e-4, seed }), shape: [features], expected: () => parameter("logDt") },
  s4dSkip: { make: () => s4dSkip({ seed }), shape: [features], expected: () => parameter("d") },
  mambaALog: { make: () => mambaALog({ seed }), shape: [features, modes], expected: () => mambaInit(features, { dState: modes }).aLog },
  mambaDtBias: { make: () => mambaDtBias({ dtMin: 1e-5, dtMax: 1e-2, dtInitFloor: 1e-3, seed }), shape: [features], expected: () => mambaInit(features, { dtMin: 1e-5, dtMax: 1e-2, dtInitFloor: 1e-3, seed }).dtBias },
  mamba2ALog: { make: () => mamba2ALog({ aMin: 2, seed }), shape: [features], expected: () => mamba2Init(features, { aMin: 2, seed }).aLog },
  s5LambdaIm: { make: () => s5LambdaIm({ blocks: 2 }), shape: [modes], expected: () => s5Init(1, { dState: 2 * modes, blocks: 2 }).lambdaIm },
  s5B: { make: () => s5B({ blocks: 2, conjSym: false, seed }), shape: [modes, features, 2], expected: () => interleaved(s5Init(features, { dState: modes, blocks: 2, conjSym: false, seed }), "b") },
  s5C: { make: () => s5C({ blocks: 2, cInit: "lecunNormal", seed }), shape: [features, modes, 2], expected: () => interleaved(s5Init(features, { dState: 2 * modes, blocks: 2, cInit: "lecunNormal", seed }), "c") },
};

/** A model with one weight of that shape from the initializer. */
function modelWith(initializer: ShapeInitializer, shape: readonly number[]): tf.LayersModel {
  const last = shape.at(-1)!;
  if (shape.length === 1) return tf.sequential({ layers: [tf.layers.dense({ inputShape: [3], units: last, kernelInitializer: "zeros", biasInitializer: initializer })] });
  if (shape.length === 2) return tf.sequential({ layers: [tf.layers.dense({ inputShape: [shape[0]!], units: last, useBias: false, kernelInitializer: initializer })] });
  return tf.sequential({ layers: [tf.layers.conv1d({ inputShape: [9, shape[1]!], filters: last, kernelSize: shape[0]!, useBias: false, kernelInitializer: initializer })] });
}

/** What `save` writes, read back through JSON. */
async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save({ save: async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) }) });
  const topology = JSON.stringify(saved!.modelTopology);
  return tf.loadLayersModel({ load: async () => ({ ...saved!, modelTopology: JSON.parse(topology) as object }) });
}

const read = async (t: tf.Tensor): Promise<tf.TypedArray> => {
  const values = await t.data();
  t.dispose();
  return values;
};

describe.each(Object.entries(cases))("%s", (_, { make, shape, expected }) => {
  it("gives the numbers of the host's function with the same options and seed, in float32", async () => {
    const values = await expectTensorGrowth(1, () => make().apply(shape));
    expect([values.shape, values.dtype]).toEqual([shape, "float32"]);
    expect(await read(values)).toEqual(Float32Array.from(await expected()));
  });

  it("starts a weight of a tfjs layer, and survives saving and loading with all of its options", async () => {
    await expectTensorGrowth(0, async () => {
      const model = modelWith(make(), shape);
      const loaded = await reloaded(model);
      for (const each of [model, loaded]) expect(await each.getWeights().at(-1)!.data()).toEqual(Float32Array.from(await expected()));
      const { kernelInitializer, biasInitializer } = loaded.layers[0]!.getConfig() as Record<string, unknown>;
      expect(shape.length === 1 ? biasInitializer : kernelInitializer).toEqual({ className: make().className, config: make().config });
      model.dispose();
      loaded.dispose();
    });
  });
});

describe("registerSsmInitializers", () => {
  it("registers every initializer, which importing does not", () => {
    const names = Object.values(cases).map(({ make }) => make().className);
    const registered = tf.serialization.SerializationMap.getMap().classNameMap;
    expect(names.filter((name) => registeredOnImport.includes(name))).toEqual([]);
    for (const name of names) delete registered[name];
    registerSsmInitializers();
    expect(names.filter((name) => registered[name] === undefined)).toEqual([]);
  });
});

describe("bad input", () => {
  it.each<[string, () => unknown, "INVALID_OPTION" | "SHAPE_MISMATCH", string]>([
    ["an unknown spectrum, when it is made", () => s4dAImag({ init: "fout" as never }), "INVALID_OPTION", '"lin", "inv", "inv2", "quad", "legs", "real", "rand", "diag", got "fout"'],
    ["a scale of 0", () => s4dLogAReal({ realScale: 0 }), "INVALID_OPTION", "`realScale`"],
    ["an unknown B", () => s4dBRe({ bInit: "ones" as never }), "INVALID_OPTION", "`bInit`"],
    ["features that a mixture does not divide", () => s4dBIm({ init: "diag" }).apply([3, 4]), "INVALID_OPTION", "multiple of the 2 spectra of `init`, got 3"],
    ["a shape with one axis", () => s4dAImag().apply([8]), "SHAPE_MISMATCH", "s4dAImag: `shape` must have shape [*, *], got [8]"],
    ["a shape with three axes for A", () => mambaALog().apply([2, 3, 4]), "SHAPE_MISMATCH", "mambaALog: `shape`"],
    ["dtMin above dtMax", () => s4dLogDt({ dtMin: 1 }), "INVALID_OPTION", "s4dLogDt: `dtMin` and `dtMax` must be finite with 0 < dtMin <= dtMax, got 1 and 0.1"],
    ["a floor of 0", () => mambaDtBias({ dtInitFloor: 0 }), "INVALID_OPTION", "`dtInitFloor`"],
    ["blocks of odd size", () => s5LambdaIm({ blocks: 4 }).apply([6]), "INVALID_OPTION", "`blocks` must divide `dState` into blocks of even size, got 12 / 4"],
    ["no blocks", () => s5B({ blocks: 0 }), "INVALID_OPTION", "`blocks`"],
    ["an unknown law of C", () => s5C({ cInit: "normal" as never }), "INVALID_OPTION", '"truncStandardNormal", "lecunNormal", "complexNormal", got "normal"'],
    ["B without an axis of two parts", () => s5B().apply([8, 4]), "SHAPE_MISMATCH", "s5B: `shape` must have shape [*, *, 2], got [8, 4]"],
    ["bounds of A out of order", () => mamba2ALog({ aMin: 20 }), "INVALID_OPTION", "0 < aMin <= aMax, got 20 and 16"],
    ["integers", () => s4dSkip().apply([3], "int32"), "INVALID_OPTION", "int32"],
  ])("refuses %s and leaves no tensor", async (_, f, code, message) => {
    const error = await expectTensorGrowth(0, () => thrown(f));
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

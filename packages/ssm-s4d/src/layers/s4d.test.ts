import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it, vi } from "vitest";
import { furthest, largest, normals, thrown } from "../host.fixture.js";
import { createParameters, s4d, s4dBlock, s4dClassifier, s4dForward, ssmOf, type S4D, type S4DBlockArgs } from "../index.js";

const read = async (t: tf.Tensor): Promise<Float32Array> => {
  const values = await t.data<"float32">();
  t.dispose();
  return values;
};
const input = (batch: number, length: number, features: number, seed = 1) => tf.tensor3d(normals(batch * length * features, seed), [batch, length, features]);
const modelOf = (layer: tf.layers.Layer) => tf.sequential({ layers: [layer] });
const run = (model: tf.LayersModel, x: tf.Tensor, training = false) => tf.tidy(() => model.apply(x, { training }) as tf.Tensor3D);

/** Saved and loaded again. */
async function reloaded(model: tf.LayersModel): Promise<tf.LayersModel> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler(async (given) => ((artifacts = given), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })));
  return tf.loadLayersModel(tf.io.fromMemory({ ...artifacts!, modelTopology: JSON.parse(JSON.stringify(artifacts!.modelTopology)) as tf.io.ModelJSON["modelTopology"] }));
}

describe("the layer", () => {
  it("starts with the numbers of createParameters, and is the model they stand for without activation and map", async () => {
    const options = { init: "inv", dState: 8, dtMin: 0.01, seed: 3 } as const;
    const model = modelOf(s4d({ ...options, activation: "linear", finalActivation: "none", inputShape: [null, 4] }));
    const parameters = createParameters({ ...options, features: 4 });
    for (const [name, value] of Object.entries((model.layers[0] as S4D).parameters())) expect(await (value as tf.Tensor).data(), name).toEqual(await parameters[name as "d"].data());
    const x = input(2, 50, 4);
    const expected = tf.tidy(() => tf.transpose(s4dForward(tf.transpose(x, [0, 2, 1]), ssmOf(parameters), { d: parameters.d }), [0, 2, 1]));
    expectClose(await read(run(model, x)), await read(expected), 1e-6, 1e-6);
    tf.dispose(Object.values(parameters));
    x.dispose();
    model.dispose();
  });

  it.each([
    ["causal", { init: "legs", dropout: 0.2 }],
    ["bidirectional, a mixture", { init: ["inv", "lin"], bidirectional: true, method: "bilinear", bInit: "random", normalize: true }],
    ["a block", { init: "diag", block: true, prenorm: true, finalActivation: "linear", activation: "relu", trainB: false, lMax: 30, rate: 2, bandlimit: 0.8, realScale: 0.5, bClip: null, halveB: true }],
  ] as const)("comes back from a saved model as it was: %s", async (_, { block, ...args }: Omit<S4DBlockArgs, "inputShape"> & { block?: boolean }) => {
    const layer = block === true ? s4dBlock({ ...args, dState: 8, seed: 5, inputShape: [null, 4] }) : s4d({ ...args, dState: 8, seed: 5, inputShape: [null, 4] });
    const model = modelOf(layer);
    tf.tidy(() => model.setWeights(model.getWeights().map((weight, i) => tf.add(weight, tf.mul(tf.tensor(normals(weight.size, i), weight.shape), 0.01)))));
    const loaded = await reloaded(model);
    expect(loaded.layers[0]!.getConfig()).toEqual(layer.getConfig());
    const x = input(2, 40, 4);
    expect(await read(run(loaded, x))).toEqual(await read(run(model, x)));
    expect(loaded.layers[0]!.trainableWeights.map(({ originalName }) => originalName)).toEqual(layer.trainableWeights.map(({ originalName }) => originalName));
    x.dispose();
    loaded.dispose();
    model.dispose();
  });

  it("takes sequences of any length, and a longer one begins like a shorter", async () => {
    const model = modelOf(s4d({ init: "lin", dState: 8, seed: 2, inputShape: [null, 3] }));
    const x = input(1, 90, 3);
    const [long, short] = [await read(run(model, x)), await read(run(model, tf.slice(x, [0, 0, 0], [1, 41, 3])))];
    expect(furthest(short, long.subarray(0, 41 * 3))).toBeLessThan(1e-5 * largest(long));
    expect((await read(run(model, tf.slice(x, [0, 0, 0], [1, 1, 3])))).length).toBe(3);
    x.dispose();
    model.dispose();
  });

  it("takes steps that a mask leaves out as 0, and hands the mask on", async () => {
    const tokens = tf.tensor2d([[3, 1, 2, 0, 0]]);
    const make = (bidirectional: boolean) => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true, inputShape: [null] }), s4d({ init: "lin", dState: 4, bidirectional, seed: 1 })] });
    const model = make(true);
    const short = tf.tensor2d([[3, 1, 2]]);
    const [padded, alone] = [await read(run(model, tokens)), await read(run(model, short))];
    expect(furthest(padded.subarray(0, 9), alone)).toBeLessThan(1e-5);
    const layer = model.layers[1]!;
    const mask = tf.tensor2d([[1, 0]], undefined, "bool");
    expect(layer.computeMask(mask as never, mask)).toBe(mask);
    tf.dispose([tokens, short, mask]);
    model.dispose();
  });

  it("leaves out the same features at every step in training, others at the next call, and none in prediction", async () => {
    const model = modelOf(s4d({ init: "lin", dState: 4, dropout: 0.5, finalActivation: "none", activation: "linear", seed: 1, inputShape: [null, 32] }));
    const x = input(1, 6, 32);
    const left = async () => {
      const y = await read(run(model, x, true));
      const steps = Array.from({ length: 6 }, (_, t) => Array.from({ length: 32 }, (_, h) => (y[t * 32 + h] === 0 ? h : -1)).filter((h) => h >= 0).join());
      expect(new Set(steps).size).toBe(1);
      return steps[0]!;
    };
    const [first, second] = [await left(), await left()];
    expect(first).not.toBe(second);
    expect(Math.abs(first.split(",").length - 16)).toBeLessThan(10);
    expect((await read(run(model, x))).includes(0)).toBe(false);
    x.dispose();
    model.dispose();
  });

  it("says once that its kernel is shorter than the sequence", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const model = modelOf(s4d({ init: "lin", dState: 4, lMax: 20, rate: 2, name: "short", inputShape: [null, 2] }));
    for (const length of [10, 12, 15]) tf.dispose(run(model, tf.ones([1, length, 2])));
    expect(warn.mock.calls.filter(([message]) => String(message).startsWith("S4D:"))).toEqual([['S4D: the layer "short" sees 10 of 12 steps at a time, since its `lMax` is 20 at rate 2. Leave `lMax` out for a kernel as long as the sequence.']]);
    warn.mockRestore();
    model.dispose();
  });

  it("warns, where it reads its parameters for a stream, of those that count as another value", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const model = modelOf(s4d({ init: "lin", dState: 4, name: "away", inputShape: [null, 2] }));
    const layer = model.getLayer("away") as S4D;
    (await layer.stream()).dispose();
    expect(warn).not.toHaveBeenCalled();
    const { logDt } = layer.parameters();
    tf.tidy(() => (logDt as tf.Variable).assign(tf.tensor1d([5.5, -3])));
    (await layer.stream()).dispose();
    expect(warn.mock.calls).toEqual([['S4D: 1 of 2 values of `logDt` in the layer "away" lie outside of [-20, 5] and count as the nearer end. Training has run away: take a smaller `ssmLearningRate`.']]);
    warn.mockRestore();
    model.dispose();
  });

  it("frees what it made, and a call leaves its output alone", async () => {
    await expectTensorGrowth(0, async () => {
      const model = modelOf(s4dBlock({ init: "legs", dState: 4, dropout: 0.1, inputShape: [10, 2] }));
      const x = input(1, 10, 2);
      (await expectTensorGrowth(1, () => run(model, x, true))).dispose();
      x.dispose();
      model.dispose();
    });
  });
});

describe("the block", () => {
  it("normalizes before or after, around a residual", async () => {
    const x = input(2, 7, 5);
    const inner = { init: "lin", dState: 4, seed: 2, inputShape: [null, 5] as [null, number] } as const;
    const [plain, pre, post, none] = [modelOf(s4d(inner)), modelOf(s4dBlock({ ...inner, prenorm: true })), modelOf(s4dBlock(inner)), modelOf(s4dBlock({ ...inner, norm: "none" }))];
    const norm = tf.layers.layerNormalization({ epsilon: 1e-5, batchInputShape: [2, 7, 5] });
    const expected = tf.tidy(() => {
      const normalized = (t: tf.Tensor) => norm.apply(t) as tf.Tensor;
      const of = (t: tf.Tensor) => plain.apply(t) as tf.Tensor;
      return [tf.add(x, of(normalized(x))), normalized(tf.add(x, of(x))), tf.add(x, of(x))];
    });
    for (const [i, model] of [pre, post, none].entries()) expectClose(await read(run(model, x)), await read(expected[i]!), 1e-5, 1e-4);
    for (const model of [plain, pre, post, none]) model.dispose();
    norm.dispose();
    x.dispose();
  });

  it("has the gradients of finite differences", async () => {
    const model = modelOf(s4dBlock({ init: "inv", dState: 4, seed: 2, dtMin: 0.05, inputShape: [12, 3] }));
    const [x, weights] = [input(2, 12, 3), input(2, 12, 3, 9)];
    const loss = () => tf.tidy(() => tf.sum(tf.mul(weights, model.apply(x) as tf.Tensor)) as tf.Scalar);
    const { value, grads } = tf.variableGrads(loss);
    for (const weight of model.trainableWeights) {
      const variable = weight.read() as tf.Variable;
      const direction = tf.tensor(normals(variable.size, 4), variable.shape);
      const at = async (step: number) => {
        const before = variable.clone();
        tf.tidy(() => variable.assign(tf.add(variable, tf.mul(direction, step))));
        const result = (await read(loss()))[0]!;
        variable.assign(before);
        before.dispose();
        return result;
      };
      const slope = ((await at(2e-3)) - (await at(-2e-3))) / 4e-3;
      const given = (await read(tf.tidy(() => tf.sum(tf.mul(direction, grads[variable.name]!)))))[0]!;
      expect(Math.abs(slope - given), `${weight.originalName}: ${slope} against ${given}`).toBeLessThan(2e-2 * Math.max(1, Math.abs(given)));
      direction.dispose();
    }
    tf.dispose([value, x, weights, ...Object.values(grads)]);
    model.dispose();
  });
});

describe("s4dClassifier", () => {
  it("has the authors' shape: encoder, blocks that start differently, mean, decoder; the same for the same seed", async () => {
    const make = (seed: number) => s4dClassifier({ inputShape: [null, 1], classes: 3, features: 8, layers: 2, dState: 4, init: "inv", seed });
    const [model, again, other] = [make(1), make(1), make(2)];
    expect(model.layers.map((layer) => layer.name)).toEqual(["encoder", "block_0", "block_1", "pooling", "decoder"]);
    expect(model.countParams()).toBe(8 * 2 + 2 * (8 + 6 * 8 * 2 + 8 + 8 * 16 + 16 + 2 * 8) + 8 * 3 + 3);
    const c = (of: tf.LayersModel, i: number) => (of.layers[i] as S4D).parameters().cRe.data();
    expect(await c(model, 1)).not.toEqual(await c(model, 2));
    const x = input(2, 20, 1);
    expect(await read(run(model, x))).toEqual(await read(run(again, x)));
    expect(await c(model, 1)).not.toEqual(await c(other, 1));
    const shares = await read(run(model, x));
    expectClose([shares[0]! + shares[1]! + shares[2]!], [1], 1e-6, 1e-6);
    const steps = s4dClassifier({ inputShape: [20, 1], classes: 3, features: 4, layers: 1, dState: 4, pooling: "none", outputActivation: "linear" });
    expect(steps.outputShape).toEqual([null, 20, 3]);
    x.dispose();
    for (const each of [model, again, other, steps]) each.dispose();
  });
});

describe("bad input", () => {
  const cases: [string, () => unknown, string, string][] = [
    ["an odd state size", () => s4d({ dState: 7 }), "INVALID_OPTION", "`dState` must be an even integer of at least 2, got 7"],
    ["steps out of order", () => s4d({ dtMin: 0.1, dtMax: 0.01 }), "INVALID_OPTION", "0 < dtMin <= dtMax, got 0.1 and 0.01"],
    ["an unknown spectrum", () => modelOf(s4d({ init: "hippo" as never, inputShape: [null, 2] })), "INVALID_OPTION", '"legs", "real", "rand", "diag", got "hippo"'],
    ["a mixture that does not divide the features", () => modelOf(s4d({ init: ["inv", "lin"], inputShape: [null, 3] })), "INVALID_OPTION", "`features` must be a multiple of the 2 spectra"],
    ["dss, which has no layer", () => s4d({ method: "dss" as never }), "INVALID_OPTION", '`method` must be one of "zoh", "bilinear", got "dss"'],
    ["an unknown activation", () => s4d({ activation: "tanh" as never }), "INVALID_OPTION", "`activation`"],
    ["dropout of everything", () => s4d({ dropout: 1 }), "INVALID_OPTION", "`dropout` must be at least 0 and below 1, got 1"],
    ["a broken seed", () => s4d({ seed: 0.5 }), "INVALID_OPTION", "`seed` must be an integer, got 0.5"],
    ["input of two axes", () => modelOf(s4d({ inputShape: [4] })), "SHAPE_MISMATCH", "[batch, time, features] with a known number of features, got [*, 4]"],
    ["an unknown norm", () => s4dBlock({ norm: "batch" as never }), "INVALID_OPTION", '`norm` must be one of "layer", "none", got "batch"'],
    ["a classifier of no classes", () => s4dClassifier({ inputShape: [9, 1], classes: 0 }), "INVALID_OPTION", "`classes` must be an integer of at least 1, got 0"],
  ];
  it.each(cases)("refuses %s, says what would do, and leaves no tensor", async (_, f, code, message) => {
    const error = await expectTensorGrowth(0, () => thrown(f));
    expect(WarmstartError.isInstance(error, code as "INVALID_OPTION"), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

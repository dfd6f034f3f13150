import * as tf from "@tensorflow/tfjs";
import { disposeModel, initialize, networkOf, type Parameter, type WarmstartError } from "@warmstart/init-core";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { expectClose, expectTensorGrowth, tensorCount } from "@warmstart/test-kit";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { topologies } from "../crop/topologies.fixture.js";
import { synflow } from "../scores/synflow.js";
import { compact, type Compacted } from "./compact.js";
import { randomModel } from "./random-model.fixture.js";

beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});
const models: tf.LayersModel[] = [];
const keep = <M extends tf.LayersModel>(model: M): M => (models.push(model), model);
const free = (compacted: Compacted) => {
  disposeModel(compacted.model);
  compacted.pruned.dispose();
};
afterEach(() => models.splice(0).forEach(disposeModel));

const code = (name: string) => expect.objectContaining({ code: name }) as WarmstartError;
type S = tf.SymbolicTensor;
const on = (x: S | S[], ...layers: tf.layers.Layer[]): S => layers.reduce<S | S[]>((value, layer) => layer.apply(value) as S, x) as S;

/** Random weights without zeros to hide behind; variances stay positive. */
function randomize(model: tf.LayersModel): void {
  for (const [i, { path, variable }] of networkOf(model).parameters.entries()) {
    tf.tidy(() => variable.assign(path.endsWith("variance") ? tf.randomUniform(variable.shape, 0.5, 2, "float32", i + 1) : tf.randomNormal(variable.shape, 0, 0.4, "float32", i + 1)));
  }
}

/** Masks the kernels by what `stays` says of each entry, in place; gives the masks, which the caller disposes. */
function maskBy(model: tf.LayersModel, stays: (parameter: Parameter, index: readonly number[]) => boolean): Record<string, tf.Tensor> {
  const kernels = networkOf(model).parameters.filter(({ role }) => role.endsWith("kernel"));
  return Object.fromEntries(kernels.map((parameter) => {
    const { path, shape, variable } = parameter;
    const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const mask = tf.tensor(Float32Array.from({ length: variable.size }, (_, i) => Number(stays(parameter, strides.map((stride, axis) => Math.floor(i / stride) % shape[axis]!)))), [...shape]);
    tf.tidy(() => variable.assign(tf.mul(variable as tf.Tensor, mask)));
    return [path, mask];
  }));
}

/** Numbers in [0, 1) that repeat. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

async function outputOf(model: tf.LayersModel): Promise<number[]> {
  const outputs = tf.tidy(() => [model.predict(model.inputs.map(({ shape }, i) => tf.randomNormal([2, ...shape.slice(1)] as number[], 0, 1, "float32", 77 + i)))].flat() as tf.Tensor[]);
  const values = (await Promise.all(outputs.map((output) => output.data()))).flatMap((data) => Array.from(data));
  tf.dispose(outputs);
  return values;
}

const widthsOf = ({ details }: Compacted) => Object.fromEntries(details.groups.filter(({ fixed }) => fixed === undefined).map(({ id, to }) => [id, to]));

describe("compact", () => {
  it.each(topologies.flatMap((each) => [1, 2, 3].map((seed) => [each.name, seed, each.build] as const)))("gives the outputs of the masked model: %s, seed %i", async (_, seed, build) => {
    const model = keep(build());
    randomize(model);
    const draw = chance(seed);
    const density = [0.04, 0.12, 0.3][seed - 1]!;
    const masks = maskBy(model, () => draw() < density);
    const before = await outputOf(model);
    const small = await compact(model, masks);
    expectClose(await outputOf(small.model), before, 1e-5, 1e-5);
    expect(await outputOf(model), "the model is left alone").toEqual(before);
    expect(small.model.countParams()).toBe(small.details.params.after);
    expect(small.model.countParams()).toBeLessThanOrEqual(model.countParams());
    expect(small.model.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    const variables = new Map(networkOf(small.model).parameters.map(({ path, variable }) => [path as string, variable]));
    for (const [path, mask] of Object.entries(small.pruned.masks)) {
      const outside = tf.tidy(() => tf.max(tf.abs(tf.mul(variables.get(path)! as tf.Tensor, tf.sub(1, mask)))));
      expect((await outside.data())[0], path).toBe(0);
      outside.dispose();
    }
    free(small);
    tf.dispose(masks);
  });

  it("gives the outputs of masked models of random layers and graphs, and finds nothing more to remove then", async () => {
    let [removed, folded] = [0, 0];
    for (let seed = 1; seed <= 30; seed++) {
      const model = randomModel(seed);
      randomize(model);
      const draw = chance(seed);
      const masks = maskBy(model, () => draw() < [0.05, 0.15, 0.35][seed % 3]!);
      const before = await outputOf(model);
      const small = await compact(model, masks);
      const again = await compact(small.model, small.pruned.masks);
      for (const each of [small, again]) expectClose(await outputOf(each.model), before, 1e-5, 1e-4);
      expect(again.details.params.after, `seed ${seed}`).toBe(small.details.params.after);
      removed += small.details.params.before - small.details.params.after;
      folded += small.details.folded;
      for (const each of [small, again]) free(each);
      disposeModel(model);
      tf.dispose(masks);
    }
    expect(removed).toBeGreaterThan(1000);
    expect(folded).toBeGreaterThan(30);
  });

  it("removes units without outgoing weights, and those without incoming ones, whose constant goes into the bias behind", async () => {
    // x → a (4 units, relu) → b: unit 0 leads nowhere, unit 2 reads nothing and is relu(0.5) = 0.5, unit 3 reads nothing and is relu(−1) = 0.
    const model = keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 4, activation: "relu", inputShape: [2] }), tf.layers.dense({ name: "b", units: 2 })] }));
    tf.tidy(() => model.setWeights([tf.tensor2d([[1, 1, 1, 1], [2, 2, 2, 2]]), tf.tensor1d([1, 1, 0.5, -1]), tf.tensor2d([[1, 1], [2, 3], [4, 5], [6, 7]]), tf.tensor1d([10, 20])]));
    const masks = maskBy(model, ({ path }, [row, column]) => (path === "a/kernel" ? column! < 2 : row !== 0));
    const small = await compact(model, masks);
    const values = Object.fromEntries(await Promise.all(networkOf(small.model).parameters.map(async ({ path, variable }) => [path, [...(await variable.data())]] as const)));
    expect(values).toEqual({ "a/kernel": [1, 2], "a/bias": [1], "b/kernel": [2, 3], "b/bias": [10 + 0.5 * 4, 20 + 0.5 * 5] });
    expect(small.details).toMatchObject({ params: { before: 8 + 4 + 8 + 2, after: 2 + 1 + 2 + 2 }, macs: { before: 16, after: 4 }, folded: 1, density: 1 });
    expect(small.report.toString()).toContain("channels removed");
    free(small);
    tf.dispose(masks);
  });

  it("gives a layer without bias one where a constant needs it", async () => {
    const model = keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 3, activation: "sigmoid", inputShape: [2] }), tf.layers.dense({ name: "b", units: 4, useBias: false, activation: "tanh" }), tf.layers.dense({ name: "c", units: 1 })] }));
    randomize(model);
    const masks = maskBy(model, ({ path }, [, column]) => path !== "a/kernel" || column !== 1);
    const before = await outputOf(model);
    const small = await compact(model, masks);
    expect(widthsOf(small)).toEqual({ a: 2, b: 4 });
    expectClose(await outputOf(small.model), before, 1e-6, 1e-6);
    expect(small.model.getLayer("b").getConfig().useBias).toBe(true);
    free(small);
    tf.dispose(masks);
  });

  it("keeps a constant that a padded convolution reads, which is something else at the borders, and folds it where nothing is padded", async () => {
    for (const [padding, width] of [["same", 4], ["valid", 3]] as const) {
      const model = keep(tf.sequential({ layers: [tf.layers.conv2d({ name: "a", filters: 4, kernelSize: 3, inputShape: [6, 6, 1] }), tf.layers.conv2d({ name: "b", filters: 2, kernelSize: 3, padding }), tf.layers.globalAveragePooling2d({}), tf.layers.dense({ name: "c", units: 2 })] }));
      randomize(model);
      const masks = maskBy(model, ({ path }, [, , , out]) => path !== "a/kernel" || out !== 1);
      const before = await outputOf(model);
      const small = await compact(model, masks);
      expect(widthsOf(small)).toEqual({ a: width, b: 2 });
      expect(small.report.notes.some((note) => note.startsWith('Channels in front of "b" that stay though each is one number, not zero, for all inputs: 1.'))).toBe(padding === "same");
      expectClose(await outputOf(small.model), before, 1e-6, 1e-5);
      free(small);
      tf.dispose(masks);
    }
  });

  it("keeps a constant in front of a layer that is applied twice, to which it is another number each time", async () => {
    const input = tf.input({ shape: [4] });
    const shared = tf.layers.dense({ name: "shared", units: 2 });
    const side = (name: string) => on(input, tf.layers.dense({ name, units: 3, activation: "sigmoid" }), shared);
    const model = keep(tf.model({ inputs: input, outputs: [side("a"), side("b")] }));
    randomize(model);
    const masks = maskBy(model, ({ path }, [row, column]) => (path === "shared/kernel" ? row !== 2 : column !== 1));
    const before = await outputOf(model);
    const small = await compact(model, masks);
    expect(widthsOf(small)).toEqual({ "a,b": 2 }); // channel 2 goes, which nothing reads
    expect(small.report.notes.join()).toMatch(/Channels in front of "shared" that stay though each is one number, not zero, for all inputs: 1\./);
    expectClose(await outputOf(small.model), before, 1e-6, 1e-6);
    free(small);
    tf.dispose(masks);
  });

  it("takes a channel out of a residual stream only where nothing writes to it or nothing reads it", async () => {
    const input = tf.input({ shape: [4] });
    const dense = (name: string, units: number, x: S) => on(x, tf.layers.dense({ name, units, useBias: false }));
    const stem = dense("stem", 3, input);
    const model = keep(tf.model({ inputs: input, outputs: dense("head", 2, on([dense("out", 3, on(dense("in", 5, stem), tf.layers.reLU())), stem], tf.layers.add())) }));
    randomize(model);
    // Channel 0 is written by the block alone, channel 1 by none; hidden units 0 and 1 reach channel 1 alone.
    const masks = maskBy(model, ({ path }, [row, column]) => (path === "stem/kernel" ? column === 2 : path === "out/kernel" ? column === 0 && row! > 1 : true));
    const before = await outputOf(model);
    const small = await compact(model, masks);
    expect(widthsOf(small)).toEqual({ "stem,out": 2, in: 3 });
    expectClose(await outputOf(small.model), before, 1e-6, 1e-6);
    free(small);
    tf.dispose(masks);
  });

  it("leaves one channel, which nothing reads, of a branch that is empty", async () => {
    const input = tf.input({ shape: [4] });
    const dense = (name: string, units: number, x: S) => on(x, tf.layers.dense({ name, units }));
    const stem = dense("stem", 3, input);
    const model = keep(tf.model({ inputs: input, outputs: dense("head", 2, on([dense("out", 3, on(dense("in", 5, stem), tf.layers.reLU())), stem], tf.layers.add())) }));
    randomize(model);
    const masks = maskBy(model, ({ path }) => path !== "out/kernel");
    const before = await outputOf(model);
    const small = await compact(model, masks);
    expect(widthsOf(small)).toEqual({ "stem,out": 3, in: 1 });
    expect(small.report.toString()).toMatch(/Nothing is left of in: one channel stays/);
    expectClose(await outputOf(small.model), before, 1e-6, 1e-6);
    free(small);
    tf.dispose(masks);
  });

  it("names what holds channels: layers that are not supported, and those that take all together", async () => {
    const model = keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 4, inputShape: [6, 3] }), tf.layers.layerNormalization({ name: "n" }), tf.layers.dense({ name: "b", units: 4 }), tf.layers.lstm({ name: "l", units: 3 }), tf.layers.dense({ name: "c", units: 2 })] }));
    const masks = maskBy(model, () => false);
    const small = await compact(model, masks);
    expect(small.model.countParams()).toBe(model.countParams());
    expect(small.report.toString()).toMatch(/No channel could go/);
    expect(small.report.toString()).toMatch(/"n" \(LayerNormalization\) takes all channels together/);
    expect(small.report.toString()).toMatch(/"l" \(LSTM\) keeps its channels/);
    free(small);
    tf.dispose(masks);
  });

  it("trains on, masked, with what is left of the masks", async () => {
    const model = keep(tf.sequential({ layers: [tf.layers.conv2d({ name: "a", filters: 16, kernelSize: 3, activation: "relu", inputShape: [6, 6, 2], kernelInitializer: tf.initializers.heNormal({ seed: 1 }) }), tf.layers.conv2d({ name: "b", filters: 16, kernelSize: 3, activation: "relu", kernelInitializer: tf.initializers.heNormal({ seed: 2 }) }), tf.layers.globalAveragePooling2d({}), tf.layers.dense({ name: "c", units: 3, activation: "softmax", kernelInitializer: tf.initializers.heNormal({ seed: 3 }) })] }));
    const { result: pruned } = await initialize(model, synflow({ compression: 40 }));
    const before = await outputOf(model);
    const small = await compact(model, pruned.masks);
    expectClose(await outputOf(small.model), before, 1e-5, 1e-5);
    expect(small.details.params.after).toBeLessThan(0.25 * small.details.params.before);
    small.model.compile({ optimizer: small.pruned.keep(tf.train.adam(0.01)), loss: "categoricalCrossentropy" });
    const [xs, ys] = [tf.randomNormal([12, 6, 6, 2], 0, 1, "float32", 5), tf.oneHot(tf.tensor1d(Array.from({ length: 12 }, (_, i) => i % 3), "int32"), 3)];
    await small.model.fit(xs, ys, { epochs: 3, verbose: 0 });
    const again = await compact(small.model, small.pruned.masks);
    const trained = await outputOf(small.model);
    expect(trained).not.toEqual(before);
    expectClose(await outputOf(again.model), trained, 1e-5, 1e-5);
    expect(again.details, "nothing has come back, and nothing more can go").toMatchObject({ params: { before: small.details.params.after, after: small.details.params.after }, density: small.details.density });
    for (const each of [small, again]) free(each);
    pruned.dispose();
    tf.dispose([xs, ys]);
  });

  it("takes zeros for masked where no masks are given", async () => {
    const model = keep(topologies[0]!.build());
    randomize(model);
    const draw = chance(4);
    const masks = maskBy(model, () => draw() < 0.1);
    const [given, found] = [await compact(model, masks), await compact(model)];
    expect(found.details).toEqual(given.details);
    expect(await outputOf(found.model)).toEqual(await outputOf(given.model));
    for (const each of [given, found]) free(each);
    tf.dispose(masks);
  });

  it("changes nothing where nothing is masked", async () => {
    const model = keep(topologies[0]!.build());
    randomize(model);
    const small = await compact(model, {});
    expect(JSON.stringify(small.model.getConfig())).toBe(JSON.stringify(model.getConfig()));
    expect(await outputOf(small.model)).toEqual(await outputOf(model));
    free(small);
  });

  it("refuses masks that do not fit, and weights that are not zero under theirs", async () => {
    const model = keep(tf.sequential({ layers: [tf.layers.dense({ name: "a", units: 4, inputShape: [2] }), tf.layers.dense({ name: "b", units: 2 })] }));
    const [zeros, wrong] = [tf.zeros([2, 4]), tf.zeros([4, 2])];
    await expect(expectTensorGrowth(0, () => compact(model, { "z/kernel": zeros }))).rejects.toThrow(code("NO_MATCH"));
    await expect(expectTensorGrowth(0, () => compact(model, { "a/kernel": wrong }))).rejects.toThrow(code("SHAPE_MISMATCH"));
    const gone = tf.clone(wrong);
    gone.dispose();
    await expect(expectTensorGrowth(0, () => compact(model, { "a/kernel": gone }))).rejects.toThrow(/compact: the mask of "a\/kernel" has been disposed\. Call compact before/);
    await expect(expectTensorGrowth(0, () => compact(model, { "a/kernel": zeros }))).rejects.toThrow(/8 weights of "a\/kernel" are not zero although they are masked/);
    await expect(expectTensorGrowth(0, () => compact(model, {}, { exclude: ["nowhere"] }))).rejects.toThrow(code("NO_MATCH"));
    await expect(expectTensorGrowth(0, () => compact(model, {}, { signal: AbortSignal.abort() }))).rejects.toThrow(/abort/);
    tf.dispose([zeros, wrong]);
  });

  it("gives the caller the model and the masks, and nothing else", async () => {
    const model = keep(topologies[2]!.build());
    randomize(model);
    const draw = chance(5);
    const masks = maskBy(model, () => draw() < 0.1);
    const before = tensorCount();
    const small = await compact(model, masks);
    const weights = networkOf(small.model).parameters.length;
    expect(tensorCount() - before).toBe(weights + Object.keys(small.pruned.masks).length);
    free(small);
    expect(tensorCount()).toBe(before);
    tf.dispose(masks);
  });
});

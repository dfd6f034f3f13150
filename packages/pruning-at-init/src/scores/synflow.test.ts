import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { registerTrainingKernels } from "@warmstart/wasm-training";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { magnitude, synflow, synflowScores, type ScoreMap } from "../index.js";

const { layers } = tf;
beforeAll(() => {
  if (tf.getBackend() === "wasm") registerTrainingKernels();
});

const made: tf.LayersModel[] = [];
const owned = <M extends tf.LayersModel>(model: M): M => (made.push(model), model);
afterEach(() => {
  for (const model of made.splice(0)) model.dispose();
});

/** A sequential model with these kernels (row-major), without biases unless asked. */
function mlp(widths: readonly number[], kernels: readonly (readonly number[])[], options: { activation?: "relu" | "tanh"; last?: "softmax" } = {}): tf.Sequential {
  const model = owned(tf.sequential({ layers: widths.slice(1).map((units, i) => layers.dense({ units, name: `d${i + 1}`, useBias: false, ...(i === 0 ? { inputShape: [widths[0]!] } : {}), ...(i < widths.length - 2 ? { activation: options.activation ?? "relu" } : options.last ? { activation: options.last } : {}) })) }));
  tf.tidy(() => model.setWeights(kernels.map((kernel, i) => tf.tensor2d([...kernel], [widths[i]!, widths[i + 1]!]))));
  return model;
}

const plain = (scores: ScoreMap) => Object.fromEntries([...scores].map(([path, values]) => [path, Array.from(values)]));
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
const codeOf = (attempt: Promise<unknown>) => attempt.then(() => "none", (error: unknown) => (WarmstartError.isInstance(error) ? error.code : String(error)));
const raw = { normalize: false } as const;

/** Spec of the collapse test: an LCG, s ← 1664525 s + 1013904223 mod 2³², from 42. */
function collapseModel(): tf.Sequential {
  let state = 42;
  const widths = [8, 16, 16, 4];
  const uniform = () => (state = (Math.imul(1664525, state) + 1013904223) >>> 0) / 2 ** 32;
  return mlp(widths, widths.slice(1).map((out, i) => Array.from({ length: widths[i]! * out }, () => (2 * uniform() - 1) * Math.sqrt(6 / widths[i]!))));
}

/** Flat indices kept, over all kernels. */
async function keptBy(technique: ReturnType<typeof synflow> | ReturnType<typeof magnitude>, model = collapseModel()) {
  const plan = await technique.plan(model, {});
  const flat = (await Promise.all(Object.values(plan.tensors).map((mask) => mask.data()))).flatMap((mask) => Array.from(mask));
  plan.dispose();
  return { indices: flat.flatMap((kept, i) => (kept ? [i] : [])), kept: Object.values(plan.details.kept), details: plan.details };
}

describe("synflowScores", () => {
  it("is |w| · ∂R/∂|w|: 2-2-1 by hand", async () => {
    // h = [1 + 3, 2 + 0.5], R = 2 · 4 + 1 · 2.5
    const { scores, log10R, log10Sum } = await synflowScores(mlp([2, 2, 1], [[1, -2, 3, 0.5], [2, -1]]), raw);
    expectClose(scores.get("d1/kernel")!, [2, 2, 6, 0.5], 1e-5);
    expectClose(scores.get("d2/kernel")!, [8, 2.5], 1e-5);
    expect(10 ** log10R).toBeCloseTo(10.5, 4);
    expect(10 ** log10Sum).toBeCloseTo(21, 4);
  });

  it("is the same for any activation, any sign, and a softmax at the end, which would make every gradient zero", async () => {
    const expected = plain((await synflowScores(mlp([2, 2, 1], [[1, -2, 3, 0.5], [2, -1]]))).scores);
    for (const model of [mlp([2, 2, 1], [[1, 2, 3, 0.5], [2, 1]], { activation: "tanh" }), mlp([2, 2, 1], [[-1, 2, 3, -0.5], [2, 1]], { last: "softmax" })]) {
      const scores = plain((await synflowScores(model)).scores);
      for (const path of Object.keys(expected)) expectClose(scores[path]!, expected[path]!, 1e-6);
    }
  });

  it("conserves the flow: every layer of a chain sums to R, and what enters a unit leaves it", async () => {
    const { scores, log10R } = await synflowScores(collapseModel(), raw);
    expect(10 ** log10R).toBeCloseTo(354.38146205, 2);
    for (const values of scores.values()) expect(sum(values) / 10 ** log10R).toBeCloseTo(1, 5);
    const [first, second] = [scores.get("d1/kernel")!, scores.get("d2/kernel")!];
    for (let unit = 0; unit < 16; unit++) {
      const incoming = sum(Array.from({ length: 8 }, (_, i) => first[i * 16 + unit]!));
      expect(incoming / sum(second.subarray(unit * 16, unit * 16 + 16))).toBeCloseTo(1, 4);
    }
  });

  it("keeps the ranking of a residual network that is far beyond float32, and log10 R of its depth", async () => {
    const input = tf.input({ shape: [6] });
    let x: tf.SymbolicTensor = input;
    for (let block = 0; block < 40; block++) {
      const inner = layers.dense({ units: 6, useBias: false, kernelInitializer: tf.initializers.randomNormal({ stddev: 3, seed: block }) }).apply(x) as tf.SymbolicTensor;
      x = layers.add().apply([x, layers.reLU().apply(inner) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    }
    const model = owned(tf.model({ inputs: input, outputs: x }));
    // In float64 on the host: h ← h + |W|ᵀ h.
    let h = Array<number>(6).fill(1);
    for (const { variable } of networkOf(model).parameters) {
      const kernel = await variable.data();
      h = h.map((value, j) => value + h.reduce((total, from, i) => total + from * Math.abs(kernel[i * 6 + j]!), 0));
    }
    const { scores, log10R } = await synflowScores(model);
    expect(log10R).toBeGreaterThan(38.6);
    expect(log10R).toBeCloseTo(Math.log10(sum(h)), 3);
    for (const values of scores.values()) expect(values.every((score) => Number.isFinite(score) && score >= 0)).toBe(true);
    expect(await codeOf(synflowScores(model, raw))).toBe("NOT_FINITE");
  });

  it("reads separable, transposed, depthwise, 1-d and dilated convolutions, batch norm and poolings: their layers sum to R", async () => {
    const image = owned(tf.sequential({
      layers: [
        layers.conv2d({ filters: 3, kernelSize: 3, padding: "same", activation: "relu", inputShape: [16, 16, 2], name: "conv" }),
        layers.batchNormalization(),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.separableConv2d({ filters: 4, kernelSize: 2, depthMultiplier: 2, name: "separable" }),
        layers.conv2dTranspose({ filters: 3, kernelSize: 2, strides: 2, padding: "valid", name: "up" }),
        layers.depthwiseConv2d({ kernelSize: 3, strides: 2, name: "depth" }),
        layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, name: "dilated" }),
        layers.averagePooling2d({ poolSize: 2 }),
        layers.dropout({ rate: 0.5 }),
        layers.flatten(),
        layers.dense({ units: 3, activation: "softmax", name: "head" }),
      ],
    }));
    const sequence = owned(tf.sequential({ layers: [layers.conv1d({ filters: 3, kernelSize: 2, padding: "causal", inputShape: [7, 2] }), layers.timeDistributed({ layer: layers.dense({ units: 4 }) }), layers.globalAveragePooling1d(), layers.dense({ units: 2 })] }));
    for (const model of [image, sequence]) {
      const { scores, log10R } = await synflowScores(model, { ...raw, bn: "scale" });
      for (const [path, values] of scores) expect(sum(values) / 10 ** log10R, path).toBeCloseTo(1, 4);
    }
    expect([...(await synflowScores(image)).scores.keys()]).toHaveLength(7);
  });

  it("opens nested models, and adds up what a shared layer does at each of its places", async () => {
    const inner = tf.sequential({ name: "inner", layers: [layers.dense({ units: 2, useBias: false, name: "a", inputShape: [2] })] });
    const nested = owned(tf.sequential({ layers: [inner, layers.dense({ units: 1, useBias: false, name: "b" })] }));
    tf.tidy(() => nested.setWeights([tf.tensor2d([1, -2, 3, 0.5], [2, 2]), tf.tensor2d([2, -1], [2, 1])]));
    const { scores } = await synflowScores(nested, raw);
    expectClose(scores.get("inner/a/kernel")!, [2, 2, 6, 0.5], 1e-5);
    // R = s·s·x with s = 3 at two places: each gives 9.
    const input = tf.input({ shape: [1] });
    const twice = layers.dense({ units: 1, useBias: false, name: "twice", weights: [tf.tensor2d([[-3]])] });
    const shared = owned(tf.model({ inputs: input, outputs: twice.apply(twice.apply(input)) as tf.SymbolicTensor }));
    const both = await synflowScores(shared, raw);
    expectClose(both.scores.get("twice/kernel")!, [18], 1e-5);
    expect(10 ** both.log10R).toBeCloseTo(9, 4);
  });

  it("leaves the gate of a squeeze-and-excite block out, whose weights are pruned by nobody", async () => {
    const input = tf.input({ shape: [4, 4, 2] });
    const features = layers.conv2d({ filters: 3, kernelSize: 1, name: "body" }).apply(input) as tf.SymbolicTensor;
    const pooled = layers.globalAveragePooling2d({ dataFormat: "channelsLast" }).apply(features);
    const gate = layers.reshape({ targetShape: [1, 1, 3] }).apply(layers.dense({ units: 3, activation: "sigmoid", name: "gate" }).apply(pooled)) as tf.SymbolicTensor;
    const model = owned(tf.model({ inputs: input, outputs: layers.flatten().apply(layers.multiply().apply([features, gate])) as tf.SymbolicTensor }));
    const { details, report } = await initialize(model, synflow({ density: 0.5, iterations: 3 }));
    expect(Object.keys(details.kept)).toEqual(["body/kernel"]);
    expect(report.notes.join()).toContain("gate/kernel");
  });

  it("refuses what has no linear part by name, open inputs, and a net through which nothing flows", async () => {
    const recurrent = owned(tf.sequential({ layers: [layers.lstm({ units: 3, inputShape: [5, 2], name: "memory" }), layers.dense({ units: 2 })] }));
    await expect(synflowScores(recurrent)).rejects.toThrow(/"memory" \(LSTM\)/);
    const words = owned(tf.sequential({ layers: [layers.embedding({ inputDim: 10, outputDim: 3, inputLength: 4, name: "words" }), layers.flatten(), layers.dense({ units: 2 })] }));
    await expect(synflowScores(words)).rejects.toThrow(/"words" \(Embedding\)/);
    const open = owned(tf.sequential({ layers: [layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [null as unknown as number, null as unknown as number, 1] }), layers.globalAveragePooling2d({ dataFormat: "channelsLast" })] }));
    expect(await codeOf(synflowScores(open))).toBe("INVALID_OPTION");
    expect((await synflowScores(open, { inputShape: [4, 4, 1] })).scores.size).toBe(1);
    const input = tf.input({ shape: [3] });
    const branch = (name: string) => layers.dense({ units: 2, name }).apply(input) as tf.SymbolicTensor;
    const product = owned(tf.model({ inputs: input, outputs: layers.multiply({ name: "product" }).apply([branch("left"), branch("right")]) as tf.SymbolicTensor }));
    await expectTensorGrowth(0, () => expect(synflowScores(product)).rejects.toThrow(/"product" \(Multiply\)/));
    const silent = mlp([2, 2, 1], [[1, 1, 1, 1], [0, 0]]);
    expect(await expectTensorGrowth(0, () => codeOf(synflowScores(silent)))).toBe("INSUFFICIENT_DATA");
  });
});

describe("synflow", () => {
  it("keeps the reference weights of the collapse test, where one round and magnitude empty layers", async () => {
    const five = await keptBy(synflow({ density: 0.05 }));
    expect(five.indices).toEqual([16, 24, 32, 40, 56, 64, 72, 80, 96, 131, 138, 143, 259, 266, 271, 396, 397, 424, 425, 426, 444, 445]);
    expect(five.kept).toEqual([9, 6, 7]);
    expect(10 ** five.details.log10R!).toBeCloseTo(11.451513, 3);
    const less = await keptBy(synflow({ density: 0.025 }));
    expect(less.indices).toEqual([16, 64, 80, 96, 131, 138, 143, 397, 424, 425, 445]);
    for (const [density, total] of [[0.05, 22], [0.02, 9]] as const) {
      const once = await keptBy(synflow({ density, iterations: 1 }));
      expect(once.kept).toEqual([0, 0, total]);
      expect(once.details).toMatchObject({ collapsed: ["d1", "d2"], disconnected: true, log10R: null });
      expect((await keptBy(magnitude({ density }))).kept).toEqual([total, 0, 0]);
    }
  });

  it("breaks ties by the lower index, re-scores, and never lets R rise", async () => {
    // Round 1 keeps 4 of 6: 6, 8, 2.5 and the first of the 2's; then unit 2 has no input, so its 2.5 becomes 0.
    const model = () => mlp([2, 2, 1], [[1, -2, 3, 0.5], [2, -1]]);
    const { indices, details } = await keptBy(synflow({ density: 0.5, iterations: 2 }), model());
    expect(details.rounds.map(({ kept }) => kept)).toEqual([[2, 2], [2, 1]]);
    expect(indices).toEqual([0, 2, 4]);
    const flows = (await keptBy(synflow({ density: 0.05 }))).details.rounds.map(({ figure }) => figure!);
    for (const [i, flow] of flows.entries()) expect(flow).toBeLessThanOrEqual((flows[i - 1] ?? Infinity) + 1e-6);
  });

  it("empties no layer down to two weights a layer", async () => {
    for (const keep of [6, 7, 8, 12]) expect(Math.min(...(await keptBy(synflow({ density: keep / 448 }))).kept)).toBeGreaterThan(0);
  });

  it("throws on collapse where asked to, or keeps some of each layer", async () => {
    const model = collapseModel();
    await expect(synflow({ density: 0.05, iterations: 1, onCollapse: "throw" }).plan(model)).rejects.toThrow(/"d1", "d2"/);
    expect((await keptBy(synflow({ density: 0.05, iterations: 1, minPerLayer: 2 }))).kept).toEqual([2, 2, 18]);
  });

  it("leaves the model as it was while planning, and leaks nothing, also when it throws", async () => {
    const model = collapseModel();
    const before = await Promise.all(model.getWeights().map((weight) => weight.data()));
    await expectTensorGrowth(0, async () => (await synflow({ density: 0.1, iterations: 5 }).plan(model)).dispose());
    await expectTensorGrowth(0, () => codeOf(synflow({ density: 0.05, iterations: 1, onCollapse: "throw" }).plan(model)));
    const after = await Promise.all(model.getWeights().map((weight) => weight.data()));
    expect(after.map((values) => Array.from(values))).toEqual(before.map((values) => Array.from(values)));
  });
});

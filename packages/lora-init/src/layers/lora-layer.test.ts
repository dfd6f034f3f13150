import * as tf from "@tensorflow/tfjs";
import { createReport, disposeModel, networkOf, WarmstartError } from "@warmstart/init-core";
import { expectClose } from "@warmstart/test-kit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptersOf } from "../adapters-of.js";
import { createLoraPlan, type AdapterSpec, type LoraPlan, type TrainableFactors } from "../adapter.js";
import { attach } from "../attach.js";
import { detach } from "../detach.js";
import { merge } from "../merge.js";

const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);

/** Adapters with random factors, none of them zero, on every layer that can have one. */
function randomPlan(model: tf.LayersModel, { r, scale, core = false, trainable = { down: true, core, up: true } }: { r: number; scale: number; core?: boolean; trainable?: TrainableFactors }): LoraPlan {
  const adapters = networkOf(model).sites.map(({ layer, kind, kernel }, i) => {
    const out = kernel.shape.at(-1)!;
    const spec: AdapterSpec = { layer, kernel: kernel.path, kind, shape: kernel.shape, r, loraAlpha: r * scale, scale, trainable };
    return { spec, factors: { down: normal([kernel.variable.size / out, r], i + 1), up: normal([r, out], i + 51), ...(core ? { core: normal([r, r], i + 91) } : {}) } };
  });
  return createLoraPlan("test", adapters, { useRslora: false, modulesToSave: [], report: createReport({ title: "", facts: {}, tables: [], plots: [], notes: [] }) });
}

/** The output of the model with adapters, and that of a stock model whose kernels are W + scale·down·core·up by plain arithmetic. */
async function bothWays(model: tf.LayersModel, options: Parameters<typeof randomPlan>[1], x: tf.Tensor): Promise<[ArrayLike<number>, ArrayLike<number>]> {
  const plan = randomPlan(model, options);
  const adapted = attach(model, plan);
  const output = await (adapted.predict(x) as tf.Tensor).data();
  tf.tidy(() => {
    for (const { layer, kernel } of networkOf(model).sites) {
      const [down, core, up] = ["down", "core", "up"].map((name) => plan.tensors[`${layer}/${name}`] as tf.Tensor2D);
      const product = tf.matMul(core ? tf.matMul(down!, core) : down!, up!);
      kernel.variable.assign(tf.add(kernel.variable, tf.reshape(tf.mul(product, options.scale), kernel.shape as number[])));
    }
  });
  const expected = await (model.predict(x) as tf.Tensor).data();
  plan.dispose();
  disposeModel(adapted);
  disposeModel(model);
  return [output, expected];
}

const size = (max: number) => fc.integer({ min: 1, max });
const activation = fc.constantFrom("linear", "relu", "tanh", "softmax", "elu") as fc.Arbitrary<"relu">;
const options = { numRuns: 25, seed: 7 };

describe("adapted layers compute what the stock layer with the whole kernel computes", () => {
  it("Dense, for inputs of two to four axes, every rank, with and without bias and core", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(size(3), { minLength: 0, maxLength: 2 }), size(6), size(6), size(6), fc.boolean(), fc.boolean(), activation, async (middle, width, units, rank, useBias, core, name) => {
        const model = tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [...middle, width], useBias, activation: name, biasInitializer: "randomNormal" })] });
        const [actual, expected] = await bothWays(model, { r: Math.min(rank, width, units), scale: 0.5, core }, normal([2, ...middle, width], 3));
        expectClose(actual, expected, 1e-4, 1e-3);
      }),
      options,
    );
  });

  it("Conv2D, for windows, strides, padding and dilation", async () => {
    const geometry = fc.constantFrom({ strides: 1 }, { strides: [2, 1] as [number, number] }, { dilationRate: 2 }, { dilationRate: [1, 2] as [number, number] });
    await fc.assert(
      fc.asyncProperty(size(3), size(3), size(3), size(4), size(3), fc.constantFrom("valid" as const, "same" as const), geometry, fc.boolean(), activation, async (height, width, channels, filters, rank, padding, more, useBias, name) => {
        const model = tf.sequential({ layers: [tf.layers.conv2d({ filters, kernelSize: [height, width], padding, useBias, activation: name, ...more, inputShape: [7, 6, channels] })] });
        const [actual, expected] = await bothWays(model, { r: Math.min(rank, height * width * channels, filters), scale: 1.5 }, normal([2, 7, 6, channels], 3));
        expectClose(actual, expected, 1e-4, 1e-3);
      }),
      options,
    );
  });

  it("Embedding, for ids of one to three axes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(size(3), { minLength: 1, maxLength: 3 }), size(5), fc.boolean(), async (shape, outputDim, core) => {
        const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 5, outputDim, batchInputShape: [null, ...shape] })] });
        const x = tf.randomUniform([2, ...shape], 0, 5, "int32", 4);
        const [actual, expected] = await bothWays(model, { r: Math.min(2, outputDim), scale: 2, core }, x);
        expectClose(actual, expected, 1e-4, 1e-3);
      }),
      options,
    );
  });
});

describe("adapted layers", () => {
  it("hand masks on: a recurrent layer behind them skips the padding as before", async () => {
    const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 6, outputDim: 4, maskZero: true, inputLength: 5 }), tf.layers.dense({ units: 4 }), tf.layers.lstm({ units: 3 })] });
    const plan = randomPlan(model, { r: 2, scale: 1 });
    const adapted = attach(model, plan);
    const run = async (of: tf.LayersModel, rows: number[][]) => (await (of.predict(tf.tensor2d(rows, undefined, "int32")) as tf.Tensor).data()).slice();
    const plain = detach(adapted);
    expectClose(await run(adapted, [[3, 4, 5, 0, 0]]), await run(plain, [[3, 4, 5, 0, 0]]), 1e-4, 1e-4);
    // Without the mask the steps over padding would move the state.
    const unmasked = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 6, outputDim: 4, inputLength: 5 }), tf.layers.dense({ units: 4 }), tf.layers.lstm({ units: 3 })] });
    unmasked.setWeights(plain.getWeights());
    expect(await run(unmasked, [[3, 4, 5, 0, 0]])).not.toEqual(await run(plain, [[3, 4, 5, 0, 0]]));
  });

  it("know the length that an Embedding's inputLength promises", () => {
    const x = tf.input({ shape: [null as unknown as number], dtype: "int32" });
    const table = tf.layers.embedding({ inputDim: 6, outputDim: 4, inputLength: 5 }).apply(x) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(tf.layers.flatten().apply(table)) as tf.SymbolicTensor });
    expect(attach(model, randomPlan(model, { r: 2, scale: 1 })).outputs[0]!.shape).toEqual([null, 2]);
  });

  it("have the gradients of scale·x·down·core·up, and none where a factor is frozen", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [5], name: "fc" })] });
    const [x, g] = [normal([3, 5], 1) as tf.Tensor2D, normal([3, 4], 2) as tf.Tensor2D];
    const gradients = (trainable: TrainableFactors) => {
      const adapted = attach(model, randomPlan(model, { r: 2, scale: 3, core: true, trainable }));
      const { down, core, up } = adaptersOf(adapted)[0]!;
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(adapted.apply(x) as tf.Tensor, g)).asScalar(), adapted.trainableWeights.map((weight) => weight.read() as tf.Variable));
      return { grads, down: down as tf.Tensor as tf.Tensor2D, core: core! as tf.Tensor as tf.Tensor2D, up: up as tf.Tensor as tf.Tensor2D, names: { down: down.name, core: core!.name, up: up.name } };
    };
    const { grads, down, core, up, names } = gradients({ down: true, core: true, up: true });
    const t = (matrix: tf.Tensor2D) => tf.transpose(matrix) as tf.Tensor2D;
    const product = (...matrices: tf.Tensor2D[]) => tf.mul(matrices.reduce((left, right) => tf.matMul(left, right)), 3);
    expectClose(await grads[names.down]!.data(), await product(t(x), g, t(up), t(core)).data(), 1e-4, 1e-4);
    expectClose(await grads[names.core]!.data(), await product(t(down), t(x), g, t(up)).data(), 1e-4, 1e-4);
    expectClose(await grads[names.up]!.data(), await product(t(core), t(down), t(x), g).data(), 1e-4, 1e-4);
    const coreAlone = gradients({ down: false, core: true, up: false });
    expect(Object.keys(coreAlone.grads)).toEqual([coreAlone.names.core]);
  });

  it("call the hook that stock layers call", () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [5] })] });
    const adapted = attach(model, randomPlan(model, { r: 2, scale: 1 }));
    let seen = 0;
    adapted.layers[0]!.setCallHook(() => { seen++; });
    adapted.predict(normal([2, 5], 1));
    expect(seen).toBe(1);
  });

  it("refuse to train merged, and say so", async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [5], name: "fc" })] });
    const adapted = attach(model, randomPlan(model, { r: 2, scale: 1 }));
    adapted.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    merge(adapted);
    const error = await adapted.fit(normal([2, 5], 1), normal([2, 4], 2), { verbose: 0 }).catch((caught: unknown) => caught);
    expect(WarmstartError.isInstance(error, "MODEL_STATE")).toBe(true);
    expect((error as Error).message).toContain("unmerge(model)");
  });

  it("say which kernel the backend lacks for their training, and how to get it", async () => {
    const model = tf.sequential({ layers: [tf.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 2, name: "table" }), tf.layers.flatten(), tf.layers.dense({ units: 2 })] });
    const adapted = attach(model, randomPlan(model, { r: 2, scale: 1 }));
    adapted.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const fit = () => adapted.fit(tf.tensor2d([[1, 2]], undefined, "int32"), normal([1, 2], 2), { verbose: 0 });
    if (tf.getKernel("UnsortedSegmentSum", tf.getBackend()) !== undefined) {
      expect((await fit()).history.loss).toHaveLength(1);
      return;
    }
    const error = await fit().catch((caught: unknown) => caught);
    expect(WarmstartError.isInstance(error, "BACKEND")).toBe(true);
    expect((error as Error).message).toMatch(/UnsortedSegmentSum.*layer "table".*@warmstart\/wasm-training/);
  });

  it("refuse inputs of the wrong width by name", () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [5], name: "fc" })] });
    const adapted = attach(model, randomPlan(model, { r: 2, scale: 1 }));
    expect(() => adapted.layers[0]!.apply(normal([2, 6], 1))).toThrow(/fc/);
  });
});

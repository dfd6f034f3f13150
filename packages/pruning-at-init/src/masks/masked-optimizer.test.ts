import * as tf from "@tensorflow/tfjs";
import { initialize, networkOf, WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { MaskedOptimizer, randomMasks, registerMaskedOptimizer, type Pruned } from "../index.js";
import { disposedAfterEach } from "../disposed-after-each.fixture.js";

const owned = disposedAfterEach();

function network(): tf.Sequential {
  const model = owned(tf.sequential({ layers: [tf.layers.dense({ units: 8, inputShape: [5], activation: "tanh" }), tf.layers.dense({ units: 3 })] }));
  tf.tidy(() => model.setWeights(model.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 0.5, "float32", i + 1))));
  return model;
}

const xs = () => owned(tf.randomNormal([16, 5], 0, 1, "float32", 7));
const ys = () => owned(tf.randomNormal([16, 3], 0, 1, "float32", 8));
const prune = async (model: tf.LayersModel): Promise<Pruned> => owned((await initialize(model, randomMasks({ density: 0.3, distribution: "uniform" }), { seed: 3 })).result);
const kernelsOf = async (model: tf.LayersModel) => Promise.all(networkOf(model).parameters.filter(({ role }) => role === "kernel").map(async ({ variable }) => Array.from(await variable.data())));
const zeros = (kernels: readonly (readonly number[])[]) => kernels.map((kernel) => kernel.flatMap((value, i) => (value === 0 ? [i] : [])));
const optimizers: Record<string, () => tf.Optimizer> = { sgd: () => tf.train.sgd(0.1), momentum: () => tf.train.momentum(0.1, 0.9), adam: () => tf.train.adam(0.02), rmsprop: () => tf.train.rmsprop(0.01) };

describe("keep(optimizer)", () => {
  it.each(Object.keys(optimizers))("keeps pruned weights at zero in fit and trainOnBatch with %s, and moves the others", async (name) => {
    const [model, x, y] = [network(), xs(), ys()];
    const pruned = await prune(model);
    const before = await kernelsOf(model);
    model.compile({ optimizer: owned(pruned.keep(optimizers[name]!())), loss: "meanSquaredError" });
    await model.fit(x, y, { epochs: 3, batchSize: 8, verbose: 0 });
    await model.trainOnBatch(x, y);
    const after = await kernelsOf(model);
    expect(zeros(after)).toEqual(zeros(before));
    expect(zeros(after).flat()).toHaveLength(64 - 12 - 7);
    for (const [i, kernel] of after.entries()) expect(kernel).not.toEqual(before[i]);
  });

  it("trains what is left exactly as a network that multiplies by its masks, clipped by a global norm", async () => {
    // By hand: w·m in the forward pass, so that no gradient ever reaches a pruned weight.
    const clipped = () => {
      const inner = tf.train.momentum(0.2, 0.9);
      const apply = inner.applyGradients.bind(inner);
      inner.applyGradients = (gradients) => tf.tidy(() => {
        const list = (Array.isArray(gradients) ? gradients : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }))) as { name: string; tensor: tf.Tensor }[];
        const norm = tf.sqrt(tf.addN(list.map(({ tensor }) => tf.sum(tf.square(tensor)))));
        apply(list.map(({ name, tensor }) => ({ name, tensor: tf.div(tensor, tf.maximum(norm, 0.5)) })));
      });
      return inner;
    };
    const [x, y] = [xs(), ys()];
    const model = network();
    const pruned = await prune(model);
    const [mask] = Object.values(pruned.masks) as [tf.Tensor2D];
    const dense = networkOf(model).parameters[0]!;
    const free = owned(tf.variable(dense.variable));
    const masked = owned(pruned.keep(clipped()));
    const plain = owned(clipped());
    const loss = (kernel: tf.Tensor) => tf.losses.meanSquaredError(tf.slice(y, [0, 0], [16, 3]), tf.slice(tf.tanh(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D)), [0, 0], [16, 3])) as tf.Scalar;
    for (let step = 0; step < 5; step++) {
      masked.minimize(() => loss(dense.variable), false, [dense.variable]);
      plain.minimize(() => loss(tf.mul(free, mask)), false, [free]);
    }
    expect(masked.iterations).toBe(plain.iterations);
    expectClose(await dense.variable.data(), await tf.tidy(() => tf.mul(free, mask)).data(), 1e-6);
  });

  it("works with applyGradients by name, and leaves variables without a mask alone", async () => {
    const model = network();
    const optimizer = owned((await prune(model)).keep(tf.train.sgd(1)));
    const [kernel, bias] = networkOf(model).parameters.map(({ variable }) => variable) as [tf.Variable, tf.Variable];
    const [oldKernel, oldBias] = [await kernel.data(), await bias.data()];
    const ones = [owned(tf.ones(kernel.shape)), owned(tf.ones(bias.shape))] as const;
    await expectTensorGrowth(0, () => optimizer.applyGradients({ [kernel.name]: ones[0], [bias.name]: ones[1] }));
    expectClose(await kernel.data(), Array.from(oldKernel, (value) => (value === 0 ? 0 : value - 1)), 1e-6);
    expectClose(await bias.data(), Array.from(oldBias, (value) => value - 1), 1e-6);
  });

  it("is saved with its model and the optimizer inside, and goes on as if nothing had happened", async () => {
    const [model, x, y] = [network(), xs(), ys()];
    const pruned = await prune(model);
    const optimizer = owned(pruned.keep(tf.train.adam(0.02)));
    pruned.dispose(); // it has masks of its own
    model.compile({ optimizer, loss: "meanSquaredError" });
    for (let step = 0; step < 3; step++) await model.trainOnBatch(x, y);
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(tf.io.withSaveHandler(async (artifacts) => ((saved = artifacts), { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } })), { includeOptimizer: true });
    registerMaskedOptimizer();
    // JSON, as a file has it.
    const { weightData, ...rest } = saved!;
    const loaded = owned(await tf.loadLayersModel(tf.io.fromMemory({ ...(JSON.parse(JSON.stringify(rest)) as tf.io.ModelArtifacts), weightData: weightData! })));
    const restored = loaded.optimizer as MaskedOptimizer;
    owned(restored);
    expect(restored.inner.getClassName()).toBe("Adam");
    const losses = [];
    for (let step = 0; step < 4; step++) losses.push([await model.trainOnBatch(x, y), await loaded.trainOnBatch(x, y)]);
    for (const [one, other] of losses) expect(other as number).toBeCloseTo(one as number, 5);
    const [mine, its] = [await kernelsOf(model), await kernelsOf(loaded)];
    expect(zeros(its)).toEqual(zeros(mine));
    for (const [i, kernel] of its.entries()) expectClose(kernel, mine[i]!, 1e-5);
  });

  it("gives the masks back where its weights are set on the same model", async () => {
    const model = network();
    const pruned = await prune(model);
    const [first, second] = [owned(pruned.keep(tf.train.sgd(0.1))), owned(new MaskedOptimizer(tf.train.sgd(0.1)))];
    const weights = await first.getWeights();
    await second.setWeights(weights);
    weights[0]!.tensor.dispose(); // sgd's own count
    model.compile({ optimizer: second, loss: "meanSquaredError" });
    await model.trainOnBatch(xs(), ys());
    expect(zeros(await kernelsOf(model)).flat()).toHaveLength(64 - 12 - 7);
  });

  it("refuses masks of another model, and an optimizer that nobody registered", async () => {
    const model = network();
    const optimizer = owned(new MaskedOptimizer(tf.train.sgd(0.1)));
    const [iter, mask] = [owned(tf.scalar(0, "int32")), owned(tf.ones([4, 4]))];
    await optimizer.setWeights([{ name: "iter", tensor: iter }, { name: "mask:elsewhere/kernel", tensor: mask }]);
    const before = await kernelsOf(model);
    model.compile({ optimizer, loss: "meanSquaredError" });
    await expect(model.trainOnBatch(xs(), ys())).rejects.toThrow(/elsewhere\/kernel/);
    expect(await kernelsOf(model)).toEqual(before);
    expect(() => MaskedOptimizer.fromConfig(MaskedOptimizer as never, { inner: { className: "Nobody", config: {} } })).toThrow(WarmstartError);
  });

  it("frees what it owns", async () => {
    const model = network();
    const pruned = await prune(model);
    const [x, y] = [xs(), ys()];
    const variables = networkOf(model).parameters.map(({ variable }) => variable);
    await expectTensorGrowth(0, async () => {
      const optimizer = pruned.keep(tf.train.adam(0.01));
      optimizer.minimize(() => tf.losses.meanSquaredError(y, model.apply(x) as tf.Tensor) as tf.Scalar, false, variables);
      for (let i = 0; i < 2; i++) (await optimizer.getWeights())[0]!.tensor.dispose();
      optimizer.dispose();
    });
  });
});

import * as tf from "@tensorflow/tfjs";
import { WarmstartError } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { describe, expect, it } from "vitest";
import { normals, thrown } from "../host.fixture.js";
import { parameterGroups, s4d, s4dClassifier, s4dOptimizer } from "../index.js";

const small = () => s4dClassifier({ inputShape: [12, 1], classes: 2, features: 4, layers: 2, dState: 4, init: "lin" });
const batch = () => ({ x: tf.tensor3d(normals(48, 1), [4, 12, 1]), y: tf.tensor2d([[1, 0], [0, 1], [1, 0], [0, 1]]) });
const lossOf = (model: tf.LayersModel, { x, y }: ReturnType<typeof batch>) => () => tf.tidy(() => tf.losses.meanSquaredError(y, model.apply(x) as tf.Tensor) as tf.Scalar);

describe("parameterGroups", () => {
  it("parts A, B and Δ of all S4D layers, nested ones too, from everything else", () => {
    const inner = small();
    const model = tf.sequential({ layers: [inner, tf.layers.dense({ units: 2 })] });
    const { ssm, regular } = parameterGroups(model);
    const last = ({ name }: tf.Variable) => name.split("/").at(-1)!.replace(/_\d+$/, "");
    expect(ssm.map(last).sort()).toEqual(["aImag", "aImag", "bIm", "bIm", "bRe", "bRe", "logAReal", "logAReal", "logDt", "logDt"]);
    expect(new Set(regular.map(last))).toEqual(new Set(["kernel", "bias", "cRe", "cIm", "d", "gamma", "beta"]));
    expect(ssm.length + regular.length).toBe(model.trainableWeights.length);
    model.dispose();
  });

  it("leaves out what is not trained, and counts a shared layer once", () => {
    const shared = s4d({ dState: 4, init: "lin", trainB: false });
    const source = tf.input({ shape: [12, 2] });
    const model = tf.model({ inputs: source, outputs: shared.apply(shared.apply(source)) as tf.SymbolicTensor });
    expect([parameterGroups(model).ssm.length, parameterGroups(model).regular.length]).toEqual([3, 5]);
    model.dispose();
    shared.dispose();
  });
});

describe("s4dOptimizer", () => {
  it("takes SGD's step in each group with its own rate, and decays one alone", async () => {
    const model = small();
    const data = batch();
    const { ssm, regular } = parameterGroups(model);
    const { value, grads } = tf.variableGrads(lossOf(model, data));
    const before = await Promise.all([...ssm, ...regular].map((variable) => variable.data<"float32">()));
    const slopes = await Promise.all([...ssm, ...regular].map(({ name }) => grads[name]!.data<"float32">()));
    const optimizer = s4dOptimizer(model, { learningRate: 0.5, ssmLearningRate: 0.25, weightDecay: 0.1, optimizer: tf.train.sgd });
    optimizer.setFactor(0.5);
    (await expectTensorGrowth(1, () => optimizer.minimize(lossOf(model, data), true)!)).dispose();
    for (const [i, variable] of [...ssm, ...regular].entries()) {
      const [rate, kept] = i < ssm.length ? [0.125, 1] : [0.25, 1 - 0.25 * 0.1];
      expectClose(await variable.data(), before[i]!.map((p, j) => kept * p - rate * slopes[i]![j]!), 1e-6, 1e-6);
    }
    optimizer.dispose();
    tf.dispose([value, data.x, data.y, ...Object.values(grads)]);
    model.dispose();
  });

  it("trains through compile and fit, scaled by a schedule, and frees its slots", async () => {
    await expectTensorGrowth(0, async () => {
      const model = small();
      const data = batch();
      const optimizer = s4dOptimizer(model);
      model.compile({ optimizer, loss: "categoricalCrossentropy" });
      const { history } = await model.fit(data.x, data.y, { epochs: 30, verbose: 0, callbacks: { onEpochBegin: (epoch) => optimizer.setFactor(1 / (1 + epoch / 30)) } });
      expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]! as number);
      optimizer.dispose();
      tf.dispose([data.x, data.y]);
      model.dispose();
    });
  });

  it.each([
    ["a model without S4D", () => s4dOptimizer(tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], weights: undefined as never })] })), "MODEL_STATE", "must have an S4D or S4DBlock layer, got none"],
    ["a rate of 0", () => s4dOptimizer({} as never, { learningRate: 0 }), "INVALID_OPTION", "`learningRate` must be a finite number above 0, got 0"],
    ["a slow rate of 0", () => s4dOptimizer({} as never, { ssmLearningRate: 0 }), "INVALID_OPTION", "`ssmLearningRate`"],
    ["a negative decay", () => s4dOptimizer({} as never, { weightDecay: -1 }), "INVALID_OPTION", "`weightDecay` must be finite and at least 0, got -1"],
  ] as const)("refuses %s", async (_, f, code, message) => {
    const error = await thrown(f);
    expect(WarmstartError.isInstance(error, code), String(error)).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});

// Every start once on the smallest model, small enough for a WebGPU driver made of software: plan, apply, one step, merge, detach.
import * as tf from "@tensorflow/tfjs";
import { disposeModel, type ModelInitializer } from "@warmstart/init-core";
import { expectClose, expectTensorGrowth } from "@warmstart/test-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adaptersOf, detach, eva, gaussian, kaiming, loraSb, merge, orthogonal, pissa, unmerge, type LoraPlan } from "./index.js";

const meanSquaredError = (labels: tf.Tensor, predictions: tf.Tensor) => tf.losses.meanSquaredError(labels, predictions) as tf.Scalar;
const normal = (shape: [number, number], seed: number) => tf.randomNormal(shape, 0, 1, "float32", seed);

let base: tf.LayersModel;
let data: { xs: tf.Tensor2D; ys: tf.Tensor2D };
beforeAll(() => {
  base = tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [4], activation: "tanh", name: "body", kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }), tf.layers.dense({ units: 3, name: "head", kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }) })] });
  data = { xs: normal([12, 4], 1) as tf.Tensor2D, ys: normal([12, 3], 2) as tf.Tensor2D };
});
afterAll(() => {
  disposeModel(base);
  tf.dispose(data);
});

const output = async (model: tf.LayersModel) => {
  const y = model.predict(data.xs) as tf.Tensor;
  const values = await y.data();
  y.dispose();
  return values;
};

const starts: Record<string, () => ModelInitializer<LoraPlan>> = {
  kaiming: () => kaiming({ r: 2 }),
  gaussian: () => gaussian({ r: 2 }),
  orthogonal: () => orthogonal({ r: 2 }),
  pissa: () => pissa({ r: 2 }),
  eva: () => eva({ r: 2, data: [data] }),
  loraSb: () => loraSb({ r: 2, data: [data], loss: meanSquaredError, learningRate: 1e-3 }),
};

describe.each(Object.entries(starts))("%s", (name, start) => {
  it("starts where it says, trains its adapters, merges and comes off again", () =>
    expectTensorGrowth(0, async () => {
      const initializer = start();
      const plan = await initializer.plan(base, { seed: 1 });
      const model = initializer.apply(base, plan);
      plan.dispose();
      const atStart = await output(model);
      if (name === "loraSb") expect(atStart).not.toEqual(await output(base)); // one projected step ahead
      else expectClose(atStart, await output(base), 1e-5, 1e-5);

      const trained = adaptersOf(model).flatMap(({ core, down, up }) => (core === undefined ? [down, up] : [core]));
      const { value, grads } = tf.variableGrads(() => meanSquaredError(data.ys, model.apply(data.xs) as tf.Tensor), trained);
      const optimizer = tf.train.sgd(0.02);
      optimizer.applyGradients(grads);
      optimizer.dispose();
      const after = tf.tidy(() => meanSquaredError(data.ys, model.apply(data.xs) as tf.Tensor));
      expect((await after.data())[0]).toBeLessThan((await value.data())[0]!);
      tf.dispose([value, grads, after]);

      const adapted = await output(model);
      const plain = detach(model);
      merge(model);
      expectClose(await output(plain), adapted, 1e-5, 1e-4);
      expectClose(await output(model), adapted, 1e-5, 1e-4);
      unmerge(model);
      expect(await output(model)).toEqual(adapted);
      disposeModel(plain);
      disposeModel(model);
    }));
});

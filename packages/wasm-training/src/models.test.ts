// Whole models, against the native backend in the same process: other kernels, another order of sums, the same losses.
import * as tf from "@tensorflow/tfjs";
import { backendAvailable, expectClose, expectTensorGrowth, requireBackend, requiredBackends } from "@warmstart/test-kit";
import { trainables, type Trainable } from "@warmstart/test-kit/models";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { registerTrainingKernels, unregisterTrainingKernels } from "./index.js";

const steps = 20;
const native = await backendAvailable("tensorflow");
if (!native) {
  if (requiredBackends().includes("tensorflow")) throw new Error('WARMSTART_REQUIRE names "tensorflow", which is not on this machine: run `npm run native` first');
  console.log("backend tensorflow: absent, whole models are not compared with it");
}

beforeAll(() => void registerTrainingKernels());
afterEach(async () => await requireBackend("wasm"));

/** The loss before each step on the backend in use; the steps after the first must leave no tensors. */
async function train({ build }: Trainable): Promise<number[]> {
  const { model, x, y } = build();
  const step = async () => (await model.trainOnBatch(x, y)) as number;
  const losses = [await step()];
  await expectTensorGrowth(0, async () => {
    while (losses.length < steps) losses.push(await step());
  });
  model.dispose();
  tf.dispose([x, y]);
  return losses;
}

describe.each(trainables)("$title", (trainable) => {
  it("trains on WebAssembly, and leaves no tensors", async () => {
    const losses = await expectTensorGrowth(0, () => train(trainable));
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.99);
  });

  it("does not train on the kernels of tfjs alone", async () => {
    unregisterTrainingKernels();
    const { model, x, y } = trainable.build();
    try {
      await expect(model.trainOnBatch(x, y)).rejects.toThrow(/Kernel '\w+' not registered for backend 'wasm'/);
    } finally {
      registerTrainingKernels();
      model.dispose();
      tf.dispose([x, y]);
    }
  });

  if (native) it(`has the native backend's losses for ${steps} steps at learning rate 1e-3, to 1e-3`, async () => {
    const ours = await train(trainable);
    await requireBackend("tensorflow");
    const theirs = await train(trainable);
    expectClose(ours, theirs, 0, 1e-3);
  });
});

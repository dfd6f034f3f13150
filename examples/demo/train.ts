// One run: start a model, train it for the budget, look at the held-out loss on the way, free everything.
import * as tf from "@tensorflow/tfjs";
import { disposeModel, type Report } from "@warmstart/init-core";
import { meanLoss, nextTokenLoss, type Batch } from "../gpt/index.js";
import { start, type Material, type Started } from "./methods.js";
import type { MethodName, Protocol } from "./protocol.js";

/** Where a run stood at one evaluation. */
export interface Point {
  readonly step: number;
  /** Nats a token, on the fixed held-out batches. */
  readonly heldOutLoss: number;
  /** Initialization and training so far; evaluations do not count. */
  readonly seconds: number;
}

export interface Run {
  readonly method: MethodName;
  readonly seed: number;
  readonly trainableParameters: number;
  readonly initSeconds: number;
  /** From step 0, before training, to the last step. */
  readonly points: readonly Point[];
  readonly report?: Report;
}

export type OnStep = (state: { readonly step: number; readonly steps: number; readonly heldOutLoss: number }) => void;

/** @returns the run; nothing of it stays in the backend's memory. */
export async function trainRun(method: MethodName, seed: number, base: tf.LayersModel, material: Material, protocol: Protocol, onStep: OnStep = () => undefined): Promise<Run> {
  const alive = tf.memory().numTensors;
  const begun = performance.now();
  const started = await start(method, base, material, protocol, { seed });
  const initSeconds = method === "full" ? 0 : (performance.now() - begun) / 1000;
  const optimizer = tf.train.adam(protocol.learningRates[method]);
  let points: Point[];
  try {
    points = await train(started, optimizer, initSeconds, material.train(seed), { method, material, protocol, onStep });
  } finally {
    optimizer.dispose();
    disposeModel(started.model);
  }
  const left = tf.memory().numTensors - alive;
  if (left !== 0) throw new Error(`trainRun: ${left} tensors are left over after ${method}`);
  const trainableParameters = started.variables.reduce((sum, { size }) => sum + size, 0);
  return { method, seed, trainableParameters, initSeconds, points, ...(started.report === undefined ? {} : { report: started.report }) };
}

async function train({ model, variables }: Started, optimizer: tf.Optimizer, initSeconds: number, batches: Generator<Batch, never>, { method, material, protocol, onStep }: { method: MethodName; material: Material; protocol: Protocol; onStep: OnStep }): Promise<Point[]> {
  const { steps, evaluateEvery, learningRates } = protocol;
  const points: Point[] = [];
  let seconds = initSeconds;
  const evaluate = async (step: number) => {
    const heldOutLoss = await meanLoss(model, material.heldOut());
    if (!Number.isFinite(heldOutLoss)) throw new Error(`trainRun: the held-out loss of ${method} is ${heldOutLoss} after ${step} steps; its learning rate ${learningRates[method]} is too high`);
    points.push({ step, heldOutLoss, seconds });
  };
  await evaluate(0);
  for (let step = 1; step <= steps; step++) {
    const from = performance.now();
    await trainStep(model, variables, optimizer, batches.next().value);
    seconds += (performance.now() - from) / 1000;
    if (step % evaluateEvery === 0 || step === steps) await evaluate(step);
    onStep({ step, steps, heldOutLoss: points.at(-1)!.heldOutLoss });
  }
  return points;
}

/** One optimizer step; disposes the batch. @returns the batch's loss before the step. */
export async function trainStep(model: tf.LayersModel, variables: readonly tf.Variable[], optimizer: tf.Optimizer, { xs, ys }: Batch): Promise<number> {
  const { value, grads } = tf.variableGrads(() => nextTokenLoss(ys, model.apply(xs, { training: true }) as tf.Tensor), [...variables]);
  optimizer.applyGradients(grads);
  const [loss] = await value.data();
  tf.dispose([xs, ys, value, grads]);
  return loss!;
}

// How long a model takes, on the backend in use.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { withGradients } from "@warmstart/gradients";
import { layerGraph, networkOf, requireGradients, WarmstartError } from "@warmstart/init-core";
import { requireKernelGradients } from "../scores/require-kernel-gradients.js";
import { withValuesNow } from "../scores/with-values-now.js";
import { tensorShapes, type InputShape } from "./tensor-shapes.js";

export interface MeasureStepsOptions {
  /** Samples a batch. Default 32. */
  readonly batch?: number;
  /** Timed turns, after one that is not. Default 5. */
  readonly repeats?: number;
  /** Sizes of the input without the batch, for models that leave some open; a list of them for several inputs. */
  readonly inputShape?: InputShape;
}

/** Medians in milliseconds. */
export interface StepTimes {
  /** A forward pass. */
  readonly inference: number;
  /** Forward and backward pass with batch statistics and the gradients of `@warmstart/gradients`, and an update by plain gradient descent. */
  readonly trainingStep: number;
}

/**
 * Times models side by side, on batches of ones: they take turns, so that a machine that slows down slows all. Nothing of the models
 * changes. Figures are of this backend, machine and moment alone; what carries over is their ratio, roughly.
 *
 * @throws {WarmstartError} INVALID_OPTION; SHAPE_MISMATCH for open input sizes without `inputShape`; BACKEND where gradients are missing.
 *
 * @example
 * const [before, after] = await measureSteps([model, small]);
 * console.log(before.trainingStep / after.trainingStep, "times as fast a step");
 */
export async function measureSteps(models: readonly LayersModel[], { batch = 32, repeats = 5, inputShape }: MeasureStepsOptions = {}): Promise<StepTimes[]> {
  const caller = "measureSteps";
  for (const [name, value] of Object.entries({ batch, repeats })) {
    if (!Number.isInteger(value) || value < 1) throw new WarmstartError("INVALID_OPTION", `${caller}: \`${name}\` must be a positive integer, got ${value}.`, { [name]: value });
  }
  requireGradients(caller);
  const works = models.map((model) => workOf(model, batch, inputShape, caller));
  const times = works.map((): Record<keyof StepTimes, number[]> => ({ inference: [], trainingStep: [] }));
  for (let turn = 0; turn <= repeats; turn++) {
    for (const [i, work] of works.entries()) {
      for (const kind of ["inference", "trainingStep"] as const) {
        const begun = performance.now();
        const scalar = work[kind]();
        await scalar.data();
        const elapsed = performance.now() - begun;
        scalar.dispose();
        if (turn > 0) times[i]![kind].push(elapsed);
      }
    }
  }
  return times.map(({ inference, trainingStep }) => ({ inference: median(inference), trainingStep: median(trainingStep) }));
}

function workOf(model: LayersModel, batch: number, inputShape: InputShape | undefined, caller: string): Record<keyof StepTimes, () => Scalar> {
  const network = networkOf(model);
  const shapes = inputShapes(model, inputShape, caller);
  const trained = network.parameters.filter(({ trainable }) => trainable);
  requireKernelGradients(trained, caller);
  const mean = (training: boolean): Scalar => {
    const xs = shapes.map((shape) => tf.ones([batch, ...shape]));
    const outputs = [network.forward(xs.length === 1 ? xs[0]! : xs, { training })].flat();
    return outputs.map((output): Tensor => tf.mean(output as Tensor)).reduce((sum, each) => tf.add(sum, each)) as Scalar;
  };
  return {
    inference: () => tf.tidy(() => mean(false)),
    trainingStep: () => tf.tidy(() => withValuesNow(network, {}, () => step(() => mean(true), trained.map(({ variable }) => variable)))),
  };
}

/** An update with a learning rate of zero: all of its work. The mean of the outputs stands in for a loss. */
function step(loss: () => Scalar, variables: Variable[]): Scalar {
  const optimizer = tf.train.sgd(0);
  try {
    return withGradients(() => optimizer.minimize(loss, true, variables)!);
  } finally {
    optimizer.dispose();
  }
}

function inputShapes(model: LayersModel, inputShape: InputShape | undefined, caller: string): number[][] {
  const graph = layerGraph(model);
  const shapes = tensorShapes(model, graph, inputShape, caller);
  return graph.inputs.map((name, i) => {
    const sizes = shapes.get(name)!.slice(1);
    if (sizes.some((size) => size === null)) throw new WarmstartError("SHAPE_MISMATCH", `${caller}: input ${i} has the open shape [${sizes.map((size) => size ?? "any")}]. Give \`inputShape\`, without the batch: [224, 224, 3].`, { input: i, shape: sizes });
    return sizes as number[];
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

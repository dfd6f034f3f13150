// Gradients of the loss over batches: signed, of mean losses, added up; the weights stay as they are.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { withGradients } from "@warmstart/gradients";
import { eachBatch, requireGradients, WarmstartError, type Data, type InitOptions, type LabelledBatch, type Loss, type Network, type Parameter } from "@warmstart/init-core";
import { checkLabels, crossEntropy } from "./cross-entropy.js";
import { requireKernelGradients } from "./require-kernel-gradients.js";
import { withValuesNow } from "./with-values-now.js";

/** How data-driven scores look at the network. */
export interface LossOptions {
  /** Labels first, logits second; the mean over the batch. Default: softmax cross-entropy on one-hot labels or class numbers. */
  readonly loss?: Loss;
  /** "train": batch statistics, and dropout, which tfjs turns on with them. "eval": neither. */
  readonly bnMode?: "train" | "eval";
}

export interface LossSettings extends LossOptions, Pick<InitOptions, "signal"> {
  readonly caller: string;
  readonly network: Network;
  readonly parameters: readonly Parameter[];
  /** Values of parameters for the time of a pass, by path. */
  readonly values?: Readonly<Record<string, Tensor>>;
  /** The logits are divided by it. Default 1. */
  readonly temperature?: number;
  /** Told the size of every batch that is normalized by its own statistics. */
  readonly onBatchStatistics?: (size: number) => void;
}

/** Sums by parameter path, which the caller disposes, and the mean of the batches' losses. */
export interface GradientSum {
  readonly sums: Record<string, Tensor>;
  readonly loss: number;
  readonly batches: number;
}

/** What a batch contributes, one tensor a parameter, and its loss where it is new: `lossOf` computes it, with everything in its place. Synchronous. */
export type Contribution = (lossOf: () => Scalar, parameters: readonly Parameter[]) => { readonly tensors: readonly (Tensor | undefined)[]; readonly value?: Scalar };

/** Σ over batches of the gradient of the mean loss. @throws NOT_FINITE, MODEL_STATE, INSUFFICIENT_DATA, SHAPE_MISMATCH. */
export const sumGradients = (data: Data<LabelledBatch>, settings: LossSettings): Promise<GradientSum> => sumOver(data, settings, gradientOf);

/** The gradient itself; reaches frozen weights, as `tf.variableGrads` does not. */
const gradientOf: Contribution = (lossOf, parameters) => {
  const { grads, value } = tf.engine().gradients(lossOf, parameters.map(({ variable }) => variable as Variable & Tensor), undefined as unknown as Scalar, true);
  return { tensors: grads, value: value as Scalar };
};

/** Adds up what `contribute` makes of each batch. */
export async function sumOver(data: Data<LabelledBatch>, settings: LossSettings, contribute: Contribution): Promise<GradientSum> {
  const { caller, parameters, signal } = settings;
  requireGradients(caller);
  requireKernelGradients(parameters, caller);
  const sums: Record<string, Tensor> = {};
  let total = 0;
  try {
    const batches = await eachBatch(data, { caller, signal }, async (batch, index) => {
      if (settings.bnMode === "train") settings.onBatchStatistics?.([batch.xs].flat()[0]?.shape[0] ?? 1);
      const { tensors, value, shape } = contributionOf(batch, settings, contribute);
      for (const [i, { path }] of parameters.entries()) {
        const old = sums[path];
        sums[path] = old === undefined ? tensors[i]! : tf.add(old, tensors[i]!);
        if (old !== undefined) tf.dispose([old, tensors[i]!]);
      }
      if (value === undefined) return;
      const [loss] = await value.data();
      value.dispose();
      if (settings.loss === undefined && shape !== undefined) await checkLabels(caller, batch.ys as Tensor, shape);
      if (!Number.isFinite(loss)) throw new WarmstartError("NOT_FINITE", `${caller}: the loss of batch ${index} is ${loss}. Look at that batch's data, and at the weights.`, { batch: index, loss });
      total += loss!;
    });
    return { sums, loss: total / batches, batches };
  } catch (error) {
    tf.dispose(sums);
    throw error;
  }
}

function contributionOf(batch: LabelledBatch, { caller, network, parameters, values = {}, loss = crossEntropy, bnMode, temperature = 1 }: LossSettings, contribute: Contribution) {
  const { xs, ys } = batch;
  if (xs === undefined || ys === undefined) throw new WarmstartError("INVALID_OPTION", `${caller}: a batch must be { xs, ys }, inputs and labels; got ${typeof batch === "object" && batch !== null ? `{ ${Object.keys(batch).join(", ")} }` : typeof batch}.`);
  let shape: readonly number[] | undefined;
  let failure: { readonly error: unknown } | undefined;
  const lossOf = (): Scalar => {
    try {
      const output = network.forward(xs, { training: bnMode === "train" });
      const logits = Array.isArray(output) ? output.map((one) => cool(one, temperature)) : cool(output, temperature);
      if (!Array.isArray(logits)) shape = logits.shape;
      return loss(ys as Tensor, logits as Tensor);
    } catch (error) {
      failure = { error }; // thrown from in here, it would leave on tfjs' tape what the layers have saved
      return tf.scalar(0);
    }
  };
  const made = tf.tidy(() => {
    const { tensors, value } = withGradients(() => withValuesNow(network, values, () => contribute(lossOf, parameters)));
    return [value, ...tensors] as Tensor[];
  }) as (Tensor | undefined)[];
  if (failure !== undefined) {
    tf.dispose(made.filter((tensor) => tensor !== undefined));
    throw failure.error;
  }
  const [value, ...tensors] = made;
  const unconnected = parameters.find((_, i) => tensors[i] === undefined);
  if (unconnected !== undefined) {
    tf.dispose(made.filter((tensor) => tensor !== undefined));
    throw new WarmstartError("MODEL_STATE", `${caller}: the loss does not depend on "${unconnected.path}". Leave it out with \`include\`, or use a loss that reaches it.`, { path: unconnected.path });
  }
  return { tensors: tensors as Tensor[], value, shape };
}

const cool = (logits: Tensor, temperature: number): Tensor => (temperature === 1 ? logits : tf.div(logits, temperature));

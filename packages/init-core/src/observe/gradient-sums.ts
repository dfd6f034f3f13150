// The gradient of the loss over a stream of batches, at the frozen weights: what LoRA-SB, LoRA-GA, SNIP and GraSP start from.
import * as tf from "@tensorflow/tfjs-core";
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { packArchive, unpackArchive } from "../archive.js";
import type { InitOptions } from "../contract.js";
import { eachBatch, type Data } from "../data.js";
import { WarmstartError } from "../errors.js";
import type { Network, Parameter } from "../network.js";

/** Inputs and labels of one batch; arrays for models with several. */
export interface LabelledBatch {
  readonly xs: Tensor | Tensor[];
  readonly ys: Tensor | Tensor[];
}

/** A loss that is the mean over a batch. tfjs' argument order: labels first. */
export type Loss = (labels: Tensor, predictions: Tensor) => Scalar;

/** "sum": every sample counts the same. "official": a batch's mean gradient is divided by its size once more, as in the LoRA-SB authors' code. */
export type GradientWeighting = "sum" | "official";

const format = "warmstart-gradient-sums";

/** Gradients added up over batches. State can be saved; sums of shards can be merged. Owns its tensors. */
export class GradientSums {
  readonly weighting: GradientWeighting;
  samples = 0;
  batches = 0;
  private readonly sums = new Map<string, Tensor>();

  constructor(weighting: GradientWeighting = "sum") {
    this.weighting = weighting;
  }

  /**
   * Adds one batch: gradients of a *mean* loss by parameter path, and how many samples it was the mean of. The gradients stay the caller's.
   *
   * @param counts false for further parameters of a batch that was counted already.
   * @throws {WarmstartError} NOT_FINITE, with path and batch, before anything is added.
   */
  async add(gradients: Readonly<Record<string, Tensor>>, size: number, counts = true): Promise<void> {
    if (!(size >= 1)) throw new WarmstartError("INVALID_OPTION", `GradientSums.add: \`size\` is the number of samples in the batch, at least 1; got ${size}.`, { size });
    const paths = Object.keys(gradients);
    if (paths.length > 0) {
      const check = tf.tidy(() => tf.stack(paths.map((path) => tf.sum(tf.abs(gradients[path]!)))));
      const sums = await check.data();
      check.dispose();
      const bad = paths.find((_, i) => !Number.isFinite(sums[i]));
      if (bad !== undefined) throw new WarmstartError("NOT_FINITE", `GradientSums.add: the gradient of "${bad}" in batch ${counts ? this.batches : this.batches - 1} has NaN or infinity. Look at that batch's data and at the loss.`, { path: bad, batch: counts ? this.batches : this.batches - 1 });
    }
    const factor = this.weighting === "sum" ? size : 1 / size;
    for (const path of paths) {
      const old = this.sums.get(path);
      this.sums.set(path, tf.tidy(() => (old === undefined ? tf.mul(gradients[path]!, factor) : tf.add(old, tf.mul(gradients[path]!, factor)))));
      old?.dispose();
    }
    if (!counts) return;
    this.samples += size;
    this.batches++;
  }

  /** Adds the sums of another shard; `other` stays its owner's. */
  merge(other: GradientSums): this {
    if (other.weighting !== this.weighting) throw new WarmstartError("INVALID_OPTION", `GradientSums.merge: weighting "${other.weighting}" cannot be added to "${this.weighting}".`);
    for (const [path, sum] of other.sums) {
      const old = this.sums.get(path);
      this.sums.set(path, old === undefined ? sum.clone() : tf.tidy(() => tf.add(old, sum)));
      old?.dispose();
    }
    this.samples += other.samples;
    this.batches += other.batches;
    return this;
  }

  /** The sum for one parameter, undefined if it got no gradient. Owned by this object: do not dispose it. */
  get(path: string): Tensor | undefined {
    return this.sums.get(path);
  }

  get paths(): string[] {
    return [...this.sums.keys()];
  }

  save(): Promise<Uint8Array> {
    return packArchive(format, { weighting: this.weighting, samples: this.samples, batches: this.batches }, Object.fromEntries(this.sums));
  }

  static load(bytes: Uint8Array): GradientSums {
    const { meta, tensors } = unpackArchive<{ weighting: GradientWeighting; samples: number; batches: number }>("GradientSums.load", format, bytes);
    const loaded = new GradientSums(meta.weighting);
    loaded.samples = meta.samples;
    loaded.batches = meta.batches;
    for (const [path, sum] of Object.entries(tensors())) loaded.sums.set(path, sum);
    return loaded;
  }

  dispose(): void {
    for (const sum of this.sums.values()) sum.dispose();
    this.sums.clear();
  }
}

export interface ObserveGradientsOptions extends InitOptions {
  /** Named in errors. */
  readonly caller: string;
  readonly parameters: readonly Parameter[];
  readonly loss: Loss;
  readonly weighting?: GradientWeighting;
  /** Dropout on, batch statistics in use (which are put back afterwards). Default false. */
  readonly training?: boolean;
  /** Stops once this many samples have been seen; the last batch counts whole. */
  readonly maxSamples?: number;
  readonly maxBatches?: number;
  /** Gradients alive at once: fewer need less memory, and one more pass through the model each. Default all. */
  readonly parametersPerPass?: number;
}

/**
 * Sums the loss gradient of `parameters` over the data, the weights frozen: no update, `trainable` is neither read nor changed.
 *
 * @returns sums that the caller disposes.
 * @throws {WarmstartError} NOT_FINITE for a bad gradient or loss; INSUFFICIENT_DATA without data; MODEL_STATE for a parameter
 *   that the loss does not depend on. Nothing is leaked, the model is as it was.
 */
export async function observeGradients(network: Network, data: Data<LabelledBatch>, options: ObserveGradientsOptions): Promise<GradientSums> {
  const { caller, parameters, loss, training = false, maxSamples = Infinity, maxBatches, parametersPerPass = parameters.length, signal, onProgress } = options;
  const statistics = training ? network.parameters.filter(({ role }) => role === "statistic").map(({ variable }) => [variable, variable.clone()] as const) : [];
  const sums = new GradientSums(options.weighting);
  try {
    await eachBatch(data, { caller, signal, maxBatches }, async ({ xs, ys }, index) => {
      const size = (Array.isArray(xs) ? xs[0]! : xs).shape[0] ?? 1;
      for (let from = 0; from < parameters.length; from += parametersPerPass) {
        const gradients = batchGradients(network, parameters.slice(from, from + parametersPerPass), { xs, ys }, loss, training, caller);
        try {
          await sums.add(gradients, size, from === 0);
        } finally {
          tf.dispose(gradients);
        }
      }
      onProgress?.({ stage: "estimating gradients", done: index + 1, ...(maxBatches === undefined ? {} : { total: maxBatches }) });
      return sums.samples < maxSamples;
    });
    return sums;
  } catch (error) {
    sums.dispose();
    throw error;
  } finally {
    for (const [variable, value] of statistics) {
      variable.assign(value);
      value.dispose();
    }
  }
}

/** The gradients of one batch by path. Reaches frozen weights: the engine takes any variables, `tf.variableGrads` does not. */
function batchGradients(network: Network, parameters: readonly Parameter[], { xs, ys }: LabelledBatch, loss: Loss, training: boolean, caller: string): Record<string, Tensor> {
  const f = () => loss(ys as Tensor, network.forward(xs, { training }) as Tensor);
  const gradients = tf.tidy(() => {
    const { grads } = withoutLeftovers(() => tf.engine().gradients(f, parameters.map(({ variable }) => variable as Variable & Tensor), undefined as unknown as Scalar, true)) as { grads: (Tensor | undefined)[] };
    return Object.fromEntries(parameters.flatMap(({ path }, i) => (grads[i] ? [[path, grads[i]]] : []))) as Record<string, Tensor>;
  });
  const unconnected = parameters.find(({ path }) => gradients[path] === undefined);
  if (unconnected !== undefined) {
    tf.dispose(gradients);
    throw new WarmstartError("MODEL_STATE", `${caller}: the loss does not depend on "${unconnected.path}". Leave that layer out, or use a loss that reaches it.`, { path: unconnected.path });
  }
  return gradients;
}

/** What a tape had kept for its gradients stays alive when the loss throws; tfjs frees it after a success alone. */
function withoutLeftovers<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    const { state } = tf.engine() as unknown as { state: { activeTape: { saved: Tensor[] }[] | null; gradientDepth: number } };
    if (state.gradientDepth === 0 && state.activeTape !== null) {
      for (const { saved } of state.activeTape) tf.dispose(saved);
      state.activeTape = null;
    }
    throw error;
  }
}

// ProsPr (Alizadeh et al., Prospect pruning, ICLR 2022, arXiv:2202.08132): the sensitivity of the loss a few steps into training to the masks at its start.
// The authors differentiate through the unrolled steps; here the same derivative by going back through them, one exact Hessian–vector product a step.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { hessianVectorProduct } from "@warmstart/gradients";
import { eachBatch, WarmstartError, type Data, type Initializer, type LabelledBatch, type Network, type Parameter } from "@warmstart/init-core";
import { maskInitializer, type MaskOptions, type PrunePlan, type Pruned } from "../masks/mask-initializer.js";
import type { ScoreMap } from "../masks/select-masks.js";
import { sumGradients, sumOver, type Contribution, type LossOptions, type LossSettings } from "./loss-gradients.js";
import { openNetwork, prunableParameters, type PrunableOptions } from "./prunable.js";
import { readScores, requireScores } from "./read-scores.js";
import type { Scored, ScoreSettings } from "./score-settings.js";
import { noGradient } from "./snip.js";

export interface ProsprScoreOptions extends LossOptions, Pick<PrunableOptions, "include"> {
  /** Steps of SGD before the loss is taken (the paper's K). Default 3. */
  readonly steps?: number;
  /** Of these steps. Default 0.1. */
  readonly learningRate?: number;
  /** From 0 to below 1. Default 0. */
  readonly momentum?: number;
  /** Takes the gradients of the steps for constants: |w · g| at the weights after `steps` steps, without Hessians. Default false. */
  readonly firstOrder?: boolean;
}

type Values = Record<string, Tensor>;

/**
 * ProsPr's `|w · ∂L(θ_K)/∂(w·m)|` at m = 1: θ_K are the weights after `steps` steps of SGD, each on a batch of its own, from θ_0 = w·m. All
 * trainable parameters take the steps, kernels alone are scored. `bnMode` defaults to "train".
 *
 * @param data `steps` + 1 batches or more; the last of these is the one whose loss counts.
 * @returns raw scores on the host, and that loss; the target is as it was.
 * @throws {WarmstartError} INSUFFICIENT_DATA for too few batches or vanishing scores, and as `snipScores`.
 *
 * @example
 * const { scores } = await prosprScores(model, batches, { steps: 3, learningRate: 0.1 });
 */
export async function prosprScores(target: LayersModel | Network, data: Data<LabelledBatch>, options: ProsprScoreOptions = {}): Promise<{ readonly scores: ScoreMap; readonly loss: number }> {
  const { network, close } = openNetwork(target);
  try {
    const { scores, figure } = await scoreProspr(data, { caller: "prosprScores", network, parameters: prunableParameters(network, options, "prosprScores") }, options);
    return { scores, loss: figure! };
  } finally {
    close();
  }
}

async function scoreProspr(data: Data<LabelledBatch>, { caller, network, parameters, signal, onBatchStatistics }: ScoreSettings, { loss, bnMode = "train", steps = 3, learningRate = 0.1, momentum = 0, firstOrder = false }: ProsprScoreOptions): Promise<Scored> {
  const check = (name: string, value: number, ok: boolean, needed: string) => {
    if (!ok) throw new WarmstartError("INVALID_OPTION", `${caller}: \`${name}\` must be ${needed}, got ${value}.`, { [name]: value });
  };
  check("steps", steps, Number.isInteger(steps) && steps >= 1, "a positive integer");
  check("learningRate", learningRate, learningRate > 0 && Number.isFinite(learningRate), "positive");
  check("momentum", momentum, momentum >= 0 && momentum < 1, "from 0 to below 1");
  const moving = network.parameters.filter((parameter) => parameters.includes(parameter) || (parameter.trainable && parameter.role !== "statistic"));
  const at = (values: Values): LossSettings => ({ caller, network, parameters: moving, onBatchStatistics, bnMode, values, ...(loss ? { loss } : {}), ...(signal ? { signal } : {}) });
  const owned: Values[] = []; // everything that lives across steps
  const own = (values: Values) => (owned.push(values), values);
  const batches: LabelledBatch[] = [];
  try {
    await copyBatches(data, steps + 1, { caller, ...(signal ? { signal } : {}) }, batches);
    // Forward: u ← μu + g, θ ← θ − ηu.
    const thetas: Values[] = [{}];
    let velocity: Values | undefined;
    for (const batch of batches.slice(0, steps)) {
      const theta = thetas.at(-1)!;
      const { sums } = await sumGradients([batch], at(theta));
      own(sums);
      const before = velocity;
      velocity = momentum === 0 || before === undefined ? sums : own(mapParameters(moving, ({ path }) => tf.add(tf.mul(before[path]!, momentum), sums[path]!)));
      const next = velocity;
      thetas.push(own(mapParameters(moving, ({ path, variable }) => tf.sub(theta[path] ?? variable, tf.mul(next[path]!, learningRate)))));
    }
    const { sums, loss: figure } = await sumGradients([batches[steps]!], at(thetas[steps]!));
    // Backward: what the loss asks of θ and of u.
    let ofTheta = own(sums);
    let ofVelocity: Values | undefined;
    for (let step = firstOrder ? -1 : steps - 1; step >= 0; step--) {
      const [theta, after] = [ofTheta, ofVelocity];
      const direction = own(mapParameters(moving, ({ path }) => (after === undefined ? tf.mul(theta[path]!, -learningRate) : tf.sub(after[path]!, tf.mul(theta[path]!, learningRate)))));
      const products: Contribution = (lossOf, of) => ({ tensors: hessianVectorProduct(lossOf, of.map(({ variable }) => variable), of.map(({ path }) => direction[path]!)) });
      const { sums: curvature } = await sumOver([batches[step]!], at(thetas[step]!), products);
      own(curvature);
      ofTheta = own(mapParameters(moving, ({ path }) => tf.add(theta[path]!, curvature[path]!)));
      ofVelocity = momentum === 0 ? undefined : own(mapParameters(moving, ({ path }) => tf.mul(direction[path]!, momentum)));
    }
    const scores = await readScores(caller, mapParameters(parameters, ({ path, variable }) => tf.abs(tf.mul(variable, ofTheta[path]!))));
    requireScores(caller, scores, noGradient);
    return { scores, figure };
  } finally {
    tf.dispose(owned);
    for (const { xs, ys } of batches) tf.dispose([xs, ys]);
  }
}

const mapParameters = (parameters: readonly Parameter[], f: (parameter: Parameter) => Tensor): Values => Object.fromEntries(parameters.map((parameter) => [parameter.path, tf.tidy(() => f(parameter))]));

/** Clones of the first `count` batches, into `batches`, since all are needed at once. */
async function copyBatches(data: Data<LabelledBatch>, count: number, { caller, signal }: { readonly caller: string; readonly signal?: AbortSignal }, batches: LabelledBatch[]): Promise<void> {
  const copy = (tensors: Tensor | Tensor[]) => (Array.isArray(tensors) ? tensors.map((tensor) => tensor.clone()) : tensors.clone());
  const found = await eachBatch(data, { caller, maxBatches: count, ...(signal ? { signal } : {}) }, ({ xs, ys }) => {
    batches.push({ xs: copy(xs), ys: copy(ys) });
  });
  if (found < count) throw new WarmstartError("INSUFFICIENT_DATA", `${caller}: ${count - 1} steps need ${count} batches, one a step and one for the loss after them; got ${found}.`, { needed: count, found });
}

export interface ProsprOptions extends MaskOptions, ProsprScoreOptions {
  /** `steps` + 1 batches or more. */
  readonly data: Data<LabelledBatch>;
}

/**
 * Masks by ProsPr, in one round.
 *
 * @example
 * await initialize(model, prospr({ density: 0.05, data: batches, steps: 3 }));
 */
export function prospr(options: ProsprOptions): Initializer<LayersModel | Network, PrunePlan, Pruned> {
  return maskInitializer("prospr", options, ({ settings, prune }) => prune(() => scoreProspr(options.data, settings, options), { figure: "loss", iterations: 1 }));
}

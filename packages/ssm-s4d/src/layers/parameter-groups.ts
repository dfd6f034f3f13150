// Two groups of parameters: A, B and Δ with a small learning rate and without weight decay, everything else as usual (`setup_optimizer` of the authors' example.py).
import * as tf from "@tensorflow/tfjs-core";
import type { NamedTensorMap, Optimizer, Tensor, Variable } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { layersOf, WarmstartError } from "@warmstart/init-core";
import { requirePositive } from "../check.js";
import { isS4D } from "./s4d.js";

/** The trained variables of a model: `ssm` those of A, B and Δ of its S4D layers, `regular` all others. They stay the model's. */
export interface ParameterGroups {
  readonly ssm: readonly Variable[];
  readonly regular: readonly Variable[];
}

/**
 * The trained variables of a built model in two groups. Nested models are gone through; a shared layer counts once.
 *
 * @throws {WarmstartError} MODEL_STATE when the model has no S4D layer.
 */
export function parameterGroups(model: LayersModel): ParameterGroups {
  const found = layersOf(model).flatMap(({ layer }) => (isS4D(layer) ? [layer] : []));
  if (found.length === 0) throw new WarmstartError("MODEL_STATE", `parameterGroups: the model "${model.name}" must have an S4D or S4DBlock layer, got none. Build one with s4d() or s4dBlock(); a model without takes one optimizer.`, { model: model.name });
  const trained = [...new Set(model.trainableWeights.map((weight) => weight.read() as Variable))];
  const slow = new Set(found.flatMap((layer) => layer.ssmVariables()));
  return { ssm: trained.filter((variable) => slow.has(variable)), regular: trained.filter((variable) => !slow.has(variable)) };
}

export interface S4DOptimizerOptions {
  /** Of everything but A, B and Δ. Default 0.01. */
  readonly learningRate?: number;
  /** Of A, B and Δ. Default min(learningRate, 0.001), as in the authors' code. */
  readonly ssmLearningRate?: number;
  /** Decoupled weight decay of everything but A, B and Δ: p ← p (1 − learningRate · weightDecay) before the step. Default 0.01. */
  readonly weightDecay?: number;
  /** Makes the optimizer of a group for its learning rate. Default Adam, so AdamW (Loshchilov and Hutter 2019) together with the decay. */
  readonly optimizer?: (learningRate: number) => Optimizer;
}

/** An optimizer with two groups, to be given to `model.compile`, or used by `minimize` and `applyGradients`. `dispose` frees its slots. */
export interface S4DOptimizer extends Optimizer {
  /** Both learning rates are the given ones times `factor` from the next step on, decay with them: what a schedule calls. */
  setFactor(factor: number): void;
}

/**
 * The optimizer that S4D wants: A, B and Δ slowly and without decay, everything else as usual.
 *
 * @param model built, with at least one S4D layer.
 * @returns the caller disposes it.
 * @throws {WarmstartError} MODEL_STATE for a model without S4D layers, INVALID_OPTION for rates that are not above 0 or a decay below 0.
 *
 * @example
 * model.compile({ optimizer: s4dOptimizer(model, { learningRate: 0.01, weightDecay: 0.01 }), loss: "categoricalCrossentropy" });
 */
export function s4dOptimizer(model: LayersModel, { learningRate = 0.01, ssmLearningRate = Math.min(learningRate, 1e-3), weightDecay = 0.01, optimizer = (rate) => tf.train.adam(rate) }: S4DOptimizerOptions = {}): S4DOptimizer {
  requirePositive("s4dOptimizer", "learningRate", learningRate, "0.01 is the authors' usual one.");
  requirePositive("s4dOptimizer", "ssmLearningRate", ssmLearningRate, "The authors use 0.001. To leave A, B and Δ as they are set `trainable` of a layer, or stop their gradients.");
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay))) throw new WarmstartError("INVALID_OPTION", `s4dOptimizer: \`weightDecay\` must be finite and at least 0, got ${weightDecay}. 0 leaves it out.`, { weightDecay });
  const { ssm } = parameterGroups(model);
  return new Grouped([
    { names: new Set(ssm.map(({ name }) => name)), learningRate: ssmLearningRate, weightDecay: 0, optimizer: optimizer(ssmLearningRate) },
    { names: undefined, learningRate, weightDecay, optimizer: optimizer(learningRate) },
  ]);
}

/** tfjs' optimizers read their `learningRate` at each step, where it is protected; plain and momentum SGD keep it in a tensor and have a method. */
function setLearningRate(optimizer: Optimizer, rate: number): void {
  const open = optimizer as unknown as { learningRate: number; setLearningRate?: (rate: number) => void };
  if (open.setLearningRate === undefined) open.learningRate = rate;
  else open.setLearningRate(rate);
}

type NamedTensor = Extract<Parameters<Optimizer["applyGradients"]>[0], readonly unknown[]>[number];

interface Group {
  /** Variables by name; undefined takes all that no group before it has. */
  readonly names: ReadonlySet<string> | undefined;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly optimizer: Optimizer;
}

class Grouped extends tf.Optimizer implements S4DOptimizer {
  static readonly className = "S4DOptimizer";
  private factor = 1;

  constructor(private readonly groups: readonly Group[]) {
    super();
  }

  setFactor(factor: number): void {
    requirePositive("setFactor", "factor", factor, "1 stands for the given learning rates.");
    this.factor = factor;
    for (const { optimizer, learningRate } of this.groups) setLearningRate(optimizer, learningRate * factor);
  }

  applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const all = Array.isArray(gradients) ? gradients : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const given = all.filter(({ tensor }) => tensor != null);
    for (const group of this.groups) {
      const mine = given.filter(({ name }) => this.groups.find(({ names }) => names === undefined || names.has(name)) === group);
      if (mine.length === 0) continue;
      this.decay(group, mine);
      group.optimizer.applyGradients(mine);
    }
    this.incrementIterations();
  }

  private decay({ learningRate, weightDecay }: Group, given: readonly NamedTensor[]): void {
    if (weightDecay === 0) return;
    const kept = 1 - learningRate * this.factor * weightDecay;
    tf.tidy(() => {
      for (const { name } of given) {
        const variable = tf.engine().registeredVariables[name]!;
        variable.assign(tf.mul(variable as Tensor, kept));
      }
    });
  }

  override dispose(): void {
    super.dispose();
    for (const { optimizer } of this.groups) optimizer.dispose();
  }

  getConfig() {
    return { groups: this.groups.map(({ learningRate, weightDecay, optimizer }) => ({ learningRate, weightDecay, optimizer: optimizer.getClassName() })) };
  }
}

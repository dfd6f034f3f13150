// What the optimizers here share: the rate of the step, decay, clipping, accumulation, and state that is saved and resumed.
import * as tf from "@tensorflow/tfjs-core";
import type { NamedTensorMap, Scalar, Tensor, Variable } from "@tensorflow/tfjs-core";
import { OptimizerError } from "./errors.js";
import { checkLearningRate, learningRateAt, type LearningRate } from "./schedules.js";
import { SlotStore, type NamedTensor, type State } from "./slots.js";
import { largeSize, Step } from "./step.js";
import { grouped, updateTogether } from "./together.js";

/** Which variables decay: "all", "matrices" (two or more axes: no biases, no scales of normalizations), or a function, which is not saved. */
export type DecayFilter = "all" | "matrices" | ((name: string, shape: readonly number[]) => boolean);

export interface BlockOptimizerConfig {
  /** η. A number, a function of the step (from 0), or a schedule. */
  readonly learningRate?: LearningRate;
  /** λ, decoupled: θ ← (1 − ηλ)θ before the step, with the η of the step. */
  readonly weightDecay?: number;
  /** Default "all". */
  readonly decayFilter?: DecayFilter;
  /** Steps uphill. Default false. */
  readonly maximize?: boolean;
  /** All gradients together are scaled down to at most this L2 norm. Default: not clipped. */
  readonly clipNorm?: number;
  /** One update for every so many calls, by the mean of their gradients; costs one more buffer a variable. Default 1. */
  readonly accumulationSteps?: number;
}

/** One variable with its gradient in one update. */
export interface Block {
  readonly variable: Variable;
  /** Negated for `maximize`, accumulated, and in `update` clipped. */
  readonly gradient: Tensor;
  readonly state: State;
  /** λ, or 0 where it does not decay. */
  readonly decay: number;
  /** 1 − ηλ. */
  readonly keep: number;
  /** Shared by all blocks of the update. */
  readonly step: Step;
}

type Found = Pick<Block, "variable" | "gradient" | "state">;
type Gradients = NamedTensorMap | readonly { readonly name: string; readonly tensor: Tensor | null | undefined }[];
const sums = "accumulated";

/** Checks a number among the options. */
export function requireNumber(caller: string, option: string, value: number, needed: string, fits: (value: number) => boolean): void {
  if (typeof value !== "number" || !fits(value)) throw new OptimizerError("INVALID_OPTION", `${caller}: \`${option}\` must be ${needed}, got ${String(value)}.`, { [option]: value });
}

export abstract class BlockOptimizer extends tf.Optimizer {
  /** Read at every step, so it may be changed between steps. */
  learningRate: LearningRate;
  weightDecay: number;
  readonly decayFilter: DecayFilter;
  readonly maximize: boolean;
  readonly clipNorm: number | undefined;
  readonly accumulationSteps: number;
  protected readonly caller: string;
  protected readonly store: SlotStore;
  /** Calls since the last update. */
  private waiting = 0;
  private readonly slotNames: readonly string[];

  constructor(caller: string, slotNames: readonly string[], { learningRate = 1e-2, weightDecay = 0, decayFilter = "all", maximize = false, clipNorm, accumulationSteps = 1 }: BlockOptimizerConfig) {
    super();
    checkLearningRate(caller, learningRate);
    requireNumber(caller, "weightDecay", weightDecay, "a finite number of at least 0", (value) => value >= 0 && value < Infinity);
    if (clipNorm !== undefined) requireNumber(caller, "clipNorm", clipNorm, "a number above 0", (value) => value > 0);
    requireNumber(caller, "accumulationSteps", accumulationSteps, "a whole number of at least 1", (value) => Number.isInteger(value) && value >= 1);
    if (typeof decayFilter !== "function" && decayFilter !== "all" && decayFilter !== "matrices") throw new OptimizerError("INVALID_OPTION", `${caller}: \`decayFilter\` must be "all", "matrices" or a function of name and shape, got ${String(decayFilter)}.`, { decayFilter });
    this.caller = caller;
    this.slotNames = slotNames;
    this.store = new SlotStore(caller);
    this.learningRate = learningRate;
    this.weightDecay = weightDecay;
    this.decayFilter = decayFilter;
    this.maximize = maximize;
    this.clipNorm = clipNorm;
    this.accumulationSteps = accumulationSteps;
    if (typeof learningRate === "number") this.checkDecay(learningRate);
  }

  /** A variable's state before its first gradient; called in a tidy. */
  protected abstract create(variable: Variable): Record<string, Tensor>;
  /** Before an update, with all variables that have a gradient; in a tidy. */
  protected prepare(_blocks: readonly Block[]): void {}
  /** One update of one variable, in a tidy of its own: what it makes on the way is free for the next. */
  protected abstract update(block: Block, learningRate: number): void;
  /** Whether `update` does with each element of this block the same, by numbers and by scalar slots that it does not change. */
  protected elementwise(_block: Block): boolean {
    return true;
  }
  /** The shape of a slot. */
  protected shapeOf(variable: Variable, _slot: string): readonly number[] {
    return variable.shape;
  }

  /**
   * One step. Variables without a gradient are left alone: no decay, no state. The gradients stay the caller's.
   *
   * @throws {OptimizerError} before anything is changed: INVALID_GRADIENT for a variable that is not there or not float32, and for a
   *   gradient of another shape or disposed; INVALID_OPTION when the rate of this step is not a number of at least 0, or decays by more than
   *   everything; SHAPE_MISMATCH when restored state belongs to another model.
   */
  applyGradients(gradients: Gradients): void {
    const learningRate = learningRateAt(this.learningRate, this.iterations);
    requireNumber(this.caller, "learningRate", learningRate, `a finite number of at least 0 at step ${this.iterations}`, (value) => value >= 0 && value < Infinity);
    this.checkDecay(learningRate);
    const pairs = this.pair(gradients);
    const shapeOf = (variable: Variable, slot: string) => this.shapeOf(variable, slot);
    this.store.check(pairs.map(({ variable }) => variable), shapeOf);
    tf.tidy(() => {
      const found = pairs.map(({ variable, gradient }) => ({ variable, gradient, state: this.store.ensure(variable, () => this.create(variable), (slot) => this.shapeOf(variable, slot)) }));
      const ready = this.accumulate(found);
      if (ready === undefined) return;
      const clip = this.clipScale(ready.map(({ gradient }) => gradient));
      const step = new Step();
      try {
        const blocks = ready.map(({ variable, gradient, state }) => {
          const decay = this.decays(variable) ? this.weightDecay : 0;
          return { variable, state, gradient, decay, keep: 1 - learningRate * decay, step };
        });
        this.prepare(blocks);
        const update = (block: Block) => this.update(clip === undefined ? block : { ...block, gradient: tf.mul(block.gradient, clip) }, learningRate);
        for (const group of grouped(blocks, (block) => block.variable.rank > 0 && block.variable.size < largeSize && this.elementwise(block))) {
          if (group.length === 1) tf.tidy(() => update(group[0]!));
          else updateTogether(group, update);
          for (const { state } of group) state.updates++;
        }
      } finally {
        step.dispose();
      }
      this.incrementIterations();
    });
  }

  private pair(gradients: Gradients): { variable: Variable; gradient: Tensor }[] {
    const entries = Array.isArray(gradients) ? (gradients as { name: string; tensor: Tensor | null | undefined }[]).map(({ name, tensor }) => [name, tensor] as const) : Object.entries(gradients as NamedTensorMap);
    const refuse = (name: string, why: string) => new OptimizerError("INVALID_GRADIENT", `${this.caller}: ${why}`, { variable: name });
    return entries.flatMap(([name, gradient]) => {
      if (gradient === null || gradient === undefined) return [];
      const variable = tf.engine().registeredVariables[name];
      if (variable === undefined || variable.isDisposed) throw refuse(name, `there is a gradient for "${name}", but no variable of that name: it has been disposed, or belongs to another copy of tfjs-core.`);
      if (variable.dtype !== "float32") throw refuse(name, `variable "${name}" is ${variable.dtype}; only float32 variables can be trained.`);
      if (gradient.isDisposed) throw refuse(name, `the gradient of "${name}" has been disposed. Dispose gradients after applyGradients, not before.`);
      if (!tf.util.arraysEqual(gradient.shape, variable.shape)) throw refuse(name, `the gradient of "${name}" has shape [${gradient.shape}], the variable [${variable.shape}].`);
      return [{ variable, gradient }];
    });
  }

  private checkDecay(learningRate: number): void {
    if (learningRate * this.weightDecay > 1) throw new OptimizerError("INVALID_OPTION", `${this.caller}: learningRate · weightDecay is ${learningRate} · ${this.weightDecay} = ${learningRate * this.weightDecay}, and above 1 decay turns the signs of the weights around. Lower one of them.`, { learningRate, weightDecay: this.weightDecay });
  }

  private decays(variable: Variable): boolean {
    if (typeof this.decayFilter === "function") return this.decayFilter(variable.name, variable.shape);
    return this.decayFilter === "all" || variable.rank >= 2;
  }

  /** The gradients to use now; undefined while more calls are awaited. */
  private accumulate(found: readonly Found[]): readonly Found[] | undefined {
    const signed = found.map((entry) => (this.maximize ? { ...entry, gradient: tf.neg(entry.gradient) } : entry));
    if (this.accumulationSteps === 1) return signed;
    for (const { gradient, state: { slots } } of signed) {
      const sum = slots.get(sums);
      if (sum === undefined) slots.set(sums, tf.variable(gradient, false));
      else sum.assign(tf.add(sum, gradient));
    }
    this.waiting++;
    if (this.waiting < this.accumulationSteps) return undefined;
    this.waiting = 0;
    // Those too that had a gradient in an earlier call alone.
    return [...this.store.entries()].flatMap(([name, state]) => {
      const sum = state.slots.get(sums);
      const variable = tf.engine().registeredVariables[name];
      if (sum === undefined || variable === undefined) return [];
      const gradient = tf.div(sum, this.accumulationSteps);
      sum.dispose();
      state.slots.delete(sums);
      return [{ variable, gradient, state }];
    });
  }

  private clipScale(gradients: readonly Tensor[]): Scalar | undefined {
    if (this.clipNorm === undefined || gradients.length === 0) return undefined;
    const norm = tf.sqrt(gradients.map((gradient): Tensor => tf.sum(tf.square(gradient))).reduce((sum, square) => tf.add(sum, square)));
    // As torch's clip_grad_norm_: 1e-6 against a norm of 0.
    return tf.minimum(1, tf.div(this.clipNorm, tf.add(norm, 1e-6))) as Scalar;
  }

  /** `iter` and `counts`, then `<variable>/<slot>`; all but `iter` stay the optimizer's: do not dispose them. */
  override async getWeights(): Promise<NamedTensor[]> {
    return [await this.saveIterations(), ...this.store.weights(this.waiting)] as NamedTensor[];
  }

  /**
   * State that `getWeights` gave, also of an optimizer on a model since saved and loaded, whose variables have other names. It is
   * matched when the variables are first seen. The tensors stay the caller's.
   */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    if (weights[0]?.name !== "iter") throw new OptimizerError("SHAPE_MISMATCH", `${this.caller}: setWeights needs "iter" first, got ${weights[0] === undefined ? "nothing" : `"${weights[0].name}"`}. Pass what getWeights gave.`);
    this.waiting = await this.store.restore(weights.slice(1), [...this.slotNames, sums]);
    await this.extractIterations([...weights] as never);
  }

  protected baseConfig(): tf.serialization.ConfigDict {
    const rate = typeof this.learningRate === "function" ? this.learningRate(this.iterations) : this.learningRate;
    return {
      learningRate: rate as number,
      weightDecay: this.weightDecay,
      decayFilter: typeof this.decayFilter === "function" ? "all" : this.decayFilter,
      maximize: this.maximize,
      ...(this.clipNorm === undefined ? {} : { clipNorm: this.clipNorm }),
      accumulationSteps: this.accumulationSteps,
    };
  }

  /** Frees all state; the next step would begin anew. */
  override dispose(): void {
    this.store.dispose();
    this.waiting = 0;
  }
}

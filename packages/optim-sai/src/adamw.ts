// AdamW (Loshchilov, Hutter, arXiv:1711.05101) as torch.optim.AdamW computes it; tfjs has none. The rival of SGD-SaI, with the same
// schedules, decay filter, clipping and accumulation.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { BlockOptimizer, requireNumber, type Block, type BlockOptimizerConfig } from "./block-optimizer.js";
import { usingUp } from "./using-up.js";

export interface AdamWConfig extends BlockOptimizerConfig {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Added after the root. Default 1e-8. */
  readonly epsilon?: number;
  /** Divides by the largest second moment so far (Reddi, Kale, Kumar 2018); costs a third buffer. Default false. */
  readonly amsgrad?: boolean;
}

/** Adam with decoupled weight decay. Default learning rate 1e-3, weight decay 1e-2. State: two buffers of the tensor's size. */
export class AdamW extends BlockOptimizer {
  /** @nocollapse */
  static get className(): string {
    return "AdamW";
  }

  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  /** @throws {OptimizerError} INVALID_OPTION naming the option and its value. */
  constructor(config: AdamWConfig = {}) {
    const { learningRate = 1e-3, weightDecay = 1e-2, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = config;
    super("adamW", ["firstMoment", "secondMoment", "maxSecondMoment"], { ...config, learningRate, weightDecay });
    for (const [option, value] of Object.entries({ beta1, beta2 })) requireNumber("adamW", option, value, "from 0 to below 1", (beta) => beta >= 0 && beta < 1);
    requireNumber("adamW", "epsilon", epsilon, "a finite number of at least 0", (value) => value >= 0 && value < Infinity);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.amsgrad = amsgrad;
  }

  protected override create(variable: Variable): Record<string, Tensor> {
    const zeros = () => tf.zerosLike(variable);
    return { firstMoment: zeros(), secondMoment: zeros(), ...(this.amsgrad ? { maxSecondMoment: zeros() } : {}) };
  }

  protected override update({ variable, gradient, state, keep, step }: Block, learningRate: number): void {
    const { beta1, beta2, epsilon } = this;
    const count = state.updates + 1; // of this variable, as in torch
    const slot = (name: string) => state.slots.get(name)!;
    const [m, v] = [slot("firstMoment"), slot("secondMoment")];
    step.advance(m, beta1, beta1 - 1, gradient);
    const square = tf.square(gradient);
    step.advance(v, beta2, beta2 - 1, square);
    square.dispose();
    const largest = this.amsgrad ? slot("maxSecondMoment") : v;
    if (this.amsgrad) largest.assign(tf.maximum(largest, v) as never);
    if (learningRate === 0) return; // neither decay
    // θ − η/(1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε), numerator and denominator times √(1 − β₂ᵗ), so that v needs no correction.
    const correction = Math.sqrt(1 - beta2 ** count);
    const root = tf.sqrt<Tensor>(largest);
    const divisor = usingUp(tf.add(root, epsilon * correction), root);
    step.advance(variable, keep, (learningRate * correction) / (1 - beta1 ** count), usingUp(tf.div(m, divisor), divisor));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { beta1, beta2, epsilon, amsgrad } = this;
    return { ...this.baseConfig(), beta1, beta2, epsilon, amsgrad };
  }

  /** @nocollapse */
  static override fromConfig<T extends tf.serialization.Serializable>(cls: tf.serialization.SerializableConstructor<T>, config: tf.serialization.ConfigDict): T {
    return new cls(config);
  }
}

/**
 * AdamW, ready for `model.compile` or `minimize`, known to `tf.loadLayersModel` from now on.
 *
 * @throws {OptimizerError} INVALID_OPTION.
 *
 * @example
 * model.compile({ optimizer: adamW({ learningRate: 1e-3, decayFilter: "matrices" }), loss: "meanSquaredError" });
 */
export function adamW(config: AdamWConfig = {}): AdamW {
  tf.serialization.registerClass(AdamW as never);
  return new AdamW(config);
}

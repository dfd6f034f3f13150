// SGD with momentum, dampening and Nesterov's step as torch.optim.SGD computes it; tf.train.momentum has neither dampening nor decay.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { BlockOptimizer, requireNumber, type Block, type BlockOptimizerConfig } from "./block-optimizer.js";
import { OptimizerError } from "./errors.js";

export interface SGDConfig extends BlockOptimizerConfig {
  /** b ← momentum · b + (1 − dampening) · g, from b = g. 0 keeps no buffer. Default 0. */
  readonly momentum?: number;
  /** Default 0. */
  readonly dampening?: number;
  /** Steps along g + momentum · b. Needs momentum and no dampening. Default false. */
  readonly nesterov?: boolean;
  /** "decoupled", or "added-to-gradient" as in torch: L2 regularization. Default "decoupled". */
  readonly decay?: "decoupled" | "added-to-gradient";
}

/** Plain or momentum SGD with the options that the other optimizers here have. State: one buffer of the tensor's size, or none. */
export class SGD extends BlockOptimizer {
  /** Not "SGD", which is tfjs' own. @nocollapse */
  static get className(): string {
    return "WarmstartSGD";
  }

  readonly momentum: number;
  readonly dampening: number;
  readonly nesterov: boolean;
  readonly decay: "decoupled" | "added-to-gradient";

  /** @throws {OptimizerError} INVALID_OPTION naming the option and its value. */
  constructor(config: SGDConfig = {}) {
    const { momentum = 0, dampening = 0, nesterov = false, decay = "decoupled" } = config;
    super("sgd", ["momentum"], config);
    requireNumber("sgd", "momentum", momentum, "from 0 to below 1", (value) => value >= 0 && value < 1);
    requireNumber("sgd", "dampening", dampening, "from 0 to 1", (value) => value >= 0 && value <= 1);
    if (nesterov && (momentum === 0 || dampening !== 0)) throw new OptimizerError("INVALID_OPTION", `sgd: \`nesterov\` needs a momentum above 0 and no dampening, got momentum ${momentum} and dampening ${dampening}.`, { momentum, dampening });
    if (decay !== "decoupled" && decay !== "added-to-gradient") throw new OptimizerError("INVALID_OPTION", `sgd: \`decay\` must be "decoupled" or "added-to-gradient", got "${String(decay)}".`, { decay });
    this.momentum = momentum;
    this.dampening = dampening;
    this.nesterov = nesterov;
    this.decay = decay;
  }

  protected override create(variable: Variable): Record<string, Tensor> {
    return this.momentum > 0 ? { momentum: tf.zerosLike(variable) } : {};
  }

  protected override update({ variable, gradient, state, decay, keep, step }: Block, learningRate: number): void {
    const { momentum, dampening, nesterov } = this;
    const coupled = this.decay === "added-to-gradient";
    const g = coupled && decay > 0 ? tf.add(gradient, tf.mul(variable, decay)) : gradient;
    const buffer = state.slots.get("momentum");
    let direction: Tensor = g;
    if (buffer !== undefined) {
      if (state.updates === 0) buffer.assign(g as never);
      else step.advance(buffer, momentum, dampening - 1, g);
      direction = nesterov ? tf.add(g, tf.mul(buffer, momentum)) : buffer;
    }
    step.advance(variable, coupled ? 1 : keep, learningRate, direction);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { momentum, dampening, nesterov, decay } = this;
    return { ...this.baseConfig(), momentum, dampening, nesterov, decay };
  }

  /** @nocollapse */
  static override fromConfig<T extends tf.serialization.Serializable>(cls: tf.serialization.SerializableConstructor<T>, config: tf.serialization.ConfigDict): T {
    return new cls(config);
  }
}

/**
 * SGD, ready for `model.compile` or `minimize`, known to `tf.loadLayersModel` from now on.
 *
 * @throws {OptimizerError} INVALID_OPTION.
 *
 * @example
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true });
 */
export function sgd(config: SGDConfig = {}): SGD {
  tf.serialization.registerClass(SGD as never);
  return new SGD(config);
}

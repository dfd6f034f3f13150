// SGD-SaI (Xu, Xiang, Cai, Wen, "No More Adam", arXiv:2412.11768). Three official versions differ: 1.0.3 (PyPI; our default) uses
// the g-SNR as it is, the branch 1.0.4 and the paper's pseudo-code divide it by the largest of all tensors (`normalize: "max"`),
// 1.1.0 replaces it by √N (`scale: "sqrt-numel"`). Our own: a first gradient without spread, all zeros among them, gets √N
// (`degenerate`), one that is not finite fixes nothing, and the gain is saved with the model.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { BlockOptimizer, requireNumber, type Block, type BlockOptimizerConfig } from "./block-optimizer.js";
import { OptimizerError } from "./errors.js";
import { gSNR, gSNROfSums, type DegenerateGain } from "./gsnr.js";
import type { NamedTensor } from "./slots.js";
import { usingUp } from "./using-up.js";

/** "gsnr": by the first gradient (version 1.0.3). "sqrt-numel": √N (version 1.1.0). */
export type SaIScale = "gsnr" | "sqrt-numel";
/** "none": the gain as it is (1.0.3, 1.1.0). "max": divided by the largest of the first step (paper, branch 1.0.4); multiply the learning rate by it. */
export type SaINormalize = "none" | "max";

export interface SGDSaIConfig extends BlockOptimizerConfig {
  /** μ from 0 to below 1. m ← μm + (1 − μ)g, from m = g. 0 keeps no buffer. Default 0.9. */
  readonly momentum?: number;
  /** ε of the g-SNR. Default 1e-8. */
  readonly epsilon?: number;
  readonly scale?: SaIScale;
  readonly normalize?: SaINormalize;
  readonly degenerate?: DegenerateGain;
}

/** The gain of a tensor stays open for so many of its updates where no gradient is finite; then it is √N. */
const patience = 10;
/** A kernel of `@warmstart/wasm-training`: both halves of the step in one pass, m in the memory of the old m where nobody else has it. */
const fused = "MomentumStep";
/** In `gsnr`: not fixed yet. */
const open = -1;

/**
 * Momentum SGD in which each tensor has a gain, fixed by its first gradient: half of Adam's state. Decay is decoupled and not
 * scaled by the gain. Nothing is read back from the backend.
 *
 * Works with `model.compile`, `minimize` and `applyGradients`, and is saved with a model (`includeOptimizer`). State: one buffer
 * of the tensor's size and one scalar a tensor, 4N + 4V bytes.
 */
export class SGDSaI extends BlockOptimizer {
  /** @nocollapse */
  static get className(): string {
    return "SGDSaI";
  }

  readonly momentum: number;
  readonly epsilon: number;
  readonly scale: SaIScale;
  readonly normalize: SaINormalize;
  readonly degenerate: DegenerateGain;
  /** The largest g-SNR of the first step, for `normalize: "max"`. */
  private largest: Variable | undefined;

  /** @throws {OptimizerError} INVALID_OPTION naming the option and its value. */
  constructor(config: SGDSaIConfig = {}) {
    const { learningRate = 1e-2, weightDecay = 1e-2, momentum = 0.9, epsilon = 1e-8, scale = "gsnr", normalize = "none", degenerate = "sqrt-numel" } = config;
    super("sgdSai", ["momentum", "gsnr"], { ...config, learningRate, weightDecay });
    requireNumber("sgdSai", "momentum", momentum, "from 0 to below 1", (value) => value >= 0 && value < 1);
    requireNumber("sgdSai", "epsilon", epsilon, "a finite number of at least 0", (value) => value >= 0 && value < Infinity);
    requireOneOf("scale", scale, ["gsnr", "sqrt-numel"]);
    requireOneOf("normalize", normalize, ["none", "max"]);
    requireOneOf("degenerate", degenerate, ["sqrt-numel", "official"]);
    this.momentum = momentum;
    this.epsilon = epsilon;
    this.scale = scale;
    this.normalize = normalize;
    this.degenerate = degenerate;
  }

  protected override create(variable: Variable): Record<string, Tensor> {
    return { ...(this.momentum > 0 ? { momentum: tf.zerosLike(variable) } : {}), gsnr: tf.scalar(open) };
  }

  protected override shapeOf(variable: Variable, slot: string): readonly number[] {
    return slot === "gsnr" ? [] : variable.shape;
  }

  /** With `normalize: "max"` all gains of the first step are needed before any is used. */
  protected override prepare(blocks: readonly Block[]): void {
    if (this.normalize === "none" || blocks.length === 0 || (this.largest !== undefined && blocks.every(({ state }) => state.updates >= patience))) return;
    const found = tf.max(tf.stack(blocks.map((block) => tf.tidy(() => this.gainAfter(block)))));
    if (this.largest === undefined) this.largest = tf.variable(found, false);
    else this.largest.assign(tf.where<Tensor>(tf.greater(this.largest, 0), this.largest, found) as never);
  }

  protected override update(block: Block, learningRate: number): void {
    const { variable, gradient, state, keep, step } = block;
    const gsnr = state.slots.get("gsnr")!;
    const buffer = state.slots.get("momentum");
    const gain = (): Tensor => (this.largest === undefined ? gsnr : tf.div(gsnr, this.largest));
    if (state.updates >= patience) {
      if (buffer !== undefined && tf.getKernel(fused, tf.getBackend()) !== undefined) {
        const inputs = { variable, momentum: buffer, gradient, gain: gain() } as unknown as tf.NamedTensorMap;
        const [next, m] = tf.engine().runKernel(fused, inputs, { decay: this.momentum, keep, rate: learningRate }) as unknown as [Tensor, Tensor];
        buffer.assign(m as never);
        variable.assign(next as never);
        return;
      }
      if (buffer !== undefined) step.advance(buffer, this.momentum, this.momentum - 1, gradient);
      step.advance(variable, keep, learningRate, buffer ?? gradient, gain());
      return;
    }
    // The gain may still be open: whether it is, only the backend knows. While it is, the tensor stands still: what counts as its
    // gradient is 0, as its momentum is, and nothing decays. It begins at the first usable gradient, m = g.
    const before = tf.greaterEqual(gsnr, 0);
    gsnr.assign(this.gainAfter(block) as never);
    const after = tf.greaterEqual(gsnr, 0);
    // Not tf.where, which spreads its condition over the whole tensor first: up to forty times as slow.
    const either = tf.stack([buffer ?? tf.zerosLike(gradient), gradient]);
    const usable = usingUp(tf.gather(either, tf.cast(after, "int32")), either) as Tensor;
    if (buffer !== undefined && state.updates === 0) buffer.assign(usable as never);
    else if (buffer !== undefined) step.advance(buffer, this.momentum, tf.where(before, tf.scalar(this.momentum - 1), tf.scalar(-1)), usable);
    step.advance(variable, keep === 1 ? 1 : tf.where(after, tf.scalar(keep), tf.scalar(1)), learningRate, buffer ?? usable, gain());
  }

  /** Not while its gain may be open, which all of it decides; and a kernel that does the step takes one gain. */
  protected override elementwise({ state }: Block): boolean {
    return state.updates >= patience && tf.getKernel(fused, tf.getBackend()) === undefined;
  }

  /** The gain after this gradient: as it was, or fixed by it if it is finite, or still open. */
  private gainAfter({ variable, gradient, state }: Block): Tensor {
    const gsnr = state.slots.get("gsnr")! as Tensor;
    if (state.updates >= patience) return gsnr;
    const root = Math.sqrt(variable.size);
    // After the first gradient a gain is open in rare cases only, and all tensors would pay for a careful measurement.
    const measured = (state.updates === 0 ? gSNR : gSNROfSums)(gradient, { epsilon: this.epsilon, degenerate: this.degenerate });
    const finite = tf.equal(tf.mul(measured, 0), 0); // neither NaN nor infinite
    const own = this.scale === "gsnr" ? measured : tf.scalar(root);
    const otherwise = tf.scalar(state.updates + 1 < patience ? open : root);
    return tf.where(tf.greaterEqual(gsnr, 0), gsnr, tf.where(finite, own, otherwise));
  }

  /** The gain of each variable seen so far, by name: what its gradient's average is multiplied with, besides the learning rate. -1: not fixed yet. */
  async gains(): Promise<Record<string, number>> {
    const entries = [...this.store.entries()];
    if (entries.length === 0) return {};
    const gains = tf.tidy(() => {
      const raw = tf.stack(entries.map(([, { slots }]) => slots.get("gsnr")!));
      return this.largest === undefined ? raw : tf.where(tf.greaterEqual(raw, 0), tf.div(raw, this.largest), raw);
    });
    const values = await gains.data();
    gains.dispose();
    return Object.fromEntries(entries.map(([name], i) => [name, values[i]!]));
  }

  /** Lets the next gradients fix all gains anew; momentum starts anew with them. */
  resetGains(): void {
    for (const [, state] of this.store.entries()) {
      tf.tidy(() => {
        state.slots.get("gsnr")!.assign(tf.scalar(open) as never);
        const buffer = state.slots.get("momentum");
        buffer?.assign(tf.zerosLike(buffer) as never);
      });
      state.updates = 0;
    }
    this.largest?.dispose();
    this.largest = undefined;
  }

  override async getWeights(): Promise<NamedTensor[]> {
    const [iterations, ...slots] = await super.getWeights();
    return [iterations!, ...(this.largest === undefined ? [] : [{ name: largestName, tensor: this.largest as Tensor }]), ...slots];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const largest = weights.find(({ name }) => name === largestName);
    await super.setWeights(weights.filter((entry) => entry !== largest));
    this.largest?.dispose();
    this.largest = largest === undefined ? undefined : tf.tidy(() => tf.variable(tf.clone(largest.tensor), false));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { momentum, epsilon, scale, normalize, degenerate } = this;
    return { ...this.baseConfig(), momentum, epsilon, scale, normalize, degenerate };
  }

  /** @nocollapse */
  static override fromConfig<T extends tf.serialization.Serializable>(cls: tf.serialization.SerializableConstructor<T>, config: tf.serialization.ConfigDict): T {
    return new cls(config);
  }

  override dispose(): void {
    super.dispose();
    this.largest?.dispose();
    this.largest = undefined;
  }
}

const largestName = "sgdSai/largest";

function requireOneOf(option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new OptimizerError("INVALID_OPTION", `sgdSai: \`${option}\` must be ${allowed.map((name) => `"${name}"`).join(" or ")}, got "${value}".`, { [option]: value });
}

/**
 * SGD-SaI, ready for `model.compile` or `minimize`, known to `tf.loadLayersModel` from now on.
 *
 * @throws {OptimizerError} INVALID_OPTION.
 *
 * @example
 * model.compile({ optimizer: sgdSai({ learningRate: 1e-2, decayFilter: "matrices" }), loss: "meanSquaredError" });
 */
export function sgdSai(config: SGDSaIConfig = {}): SGDSaI {
  tf.serialization.registerClass(SGDSaI as never);
  return new SGDSaI(config);
}

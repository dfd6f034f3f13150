// An optimizer that keeps pruned weights at zero, around any other.
import * as tf from "@tensorflow/tfjs-core";
import type { NamedTensorMap, Optimizer, Tensor } from "@tensorflow/tfjs-core";
import { WarmstartError } from "@warmstart/init-core";

/** As tfjs has it in `getWeights`, `setWeights` and gradients. */
interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

const prefix = "mask:";
/** tfjs makes a name unique by `_1`, `_2`, … when a model is loaded beside another. */
const withoutSuffix = (name: string): string => name.replace(/_\d+$/, "");

/**
 * Masks the gradients, lets `inner` take its step, masks the weights: what is left trains exactly as it would alone, whatever
 * the optimizer does with all gradients together (clipping by a global norm, momentum, gains).
 *
 * Saved with a model (`includeOptimizer`): the inner optimizer and the masks with it; call `registerMaskedOptimizer()` before loading.
 */
export class MaskedOptimizer extends tf.Optimizer {
  /** @nocollapse */
  static get className(): string {
    return "MaskedOptimizer";
  }

  /** The optimizer inside, for its learning rate. */
  readonly inner: Optimizer;
  /** By variable name. */
  private masks = new Map<string, Tensor>();
  /** Restored, and waiting for their variables, which may have other names. */
  private pending: NamedTensor[] = [];
  /** What getWeights gave last. */
  private saved: Tensor[] = [];

  /** @param masks by variable name; copied. */
  constructor(inner: Optimizer, masks: ReadonlyMap<string, Tensor> = new Map()) {
    super();
    this.inner = inner;
    for (const [name, mask] of masks) this.masks.set(name, tf.keep(mask.clone()));
  }

  override get iterations(): number {
    return this.inner.iterations;
  }

  /**
   * One step. The gradients stay the caller's.
   *
   * @throws {WarmstartError} PLAN_MISMATCH when a restored mask fits none of the variables, before anything is changed.
   */
  applyGradients(gradients: NamedTensorMap | NamedTensor[]): void {
    const entries = Array.isArray(gradients) ? gradients : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    if (this.pending.length > 0) this.claim(entries.flatMap(({ name, tensor }) => (tensor ? [{ name, tensor }] : [])));
    tf.tidy(() => {
      const masked = entries.map(({ name, tensor }) => ({ name, tensor: tensor && this.masks.has(name) ? tf.mul(tensor, this.masks.get(name)!) : tensor }));
      this.inner.applyGradients(Array.isArray(gradients) ? masked : Object.fromEntries(masked.map(({ name, tensor }) => [name, tensor])));
      for (const { name } of entries) {
        const [variable, mask] = [tf.engine().registeredVariables[name], this.masks.get(name)];
        if (variable !== undefined && mask !== undefined) variable.assign(tf.mul<Tensor>(variable, mask));
      }
    });
  }

  /** Gives restored masks to variables: by name, by name without the suffix of loading, else in order by shape. */
  private claim(variables: readonly NamedTensor[]): void {
    const free = variables.filter(({ name }) => !this.masks.has(name));
    const claimed = this.pending.map(({ name, tensor }) => {
      const fits = (variable: NamedTensor) => tf.util.arraysEqual(variable.tensor.shape, tensor.shape);
      const index = [(v: NamedTensor) => v.name === name, (v: NamedTensor) => withoutSuffix(v.name) === withoutSuffix(name), () => true].map((same) => free.findIndex((variable) => same(variable) && fits(variable))).find((found) => found >= 0);
      if (index === undefined) throw new WarmstartError("PLAN_MISMATCH", `MaskedOptimizer: the saved mask "${name}" [${tensor.shape}] fits none of the variables that train: ${variables.map((variable) => `${variable.name} [${variable.tensor.shape}]`).join(", ")}. It belongs to another model.`, { name });
      return [free.splice(index, 1)[0]!.name, tensor] as const;
    });
    for (const [name, mask] of claimed) this.masks.set(name, mask);
    this.pending = [];
  }

  /** The inner optimizer's weights, then one `mask:` a kernel (bool); they stay the optimizer's. */
  override async getWeights(): Promise<NamedTensor[]> {
    tf.dispose(this.saved);
    const waiting = this.pending.map(({ name, tensor }) => [name, tensor] as const);
    const masks = [...this.masks, ...waiting].map(([name, mask]) => ({ name: prefix + name, tensor: tf.keep(tf.tidy(() => tf.cast(mask, "bool"))) }));
    this.saved = masks.map(({ tensor }) => tensor);
    return [...((await this.inner.getWeights()) as NamedTensor[]), ...masks];
  }

  /** What `getWeights` gave, also for a model loaded since. The tensors stay the caller's. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    await this.inner.setWeights(weights.filter(({ name }) => !name.startsWith(prefix)) as never);
    this.forget();
    this.pending = weights.flatMap(({ name, tensor }) => (name.startsWith(prefix) ? [{ name: name.slice(prefix.length), tensor: tf.keep(tf.tidy(() => tf.cast(tensor, "float32"))) }] : []));
  }

  getConfig(): tf.serialization.ConfigDict {
    return { inner: { className: this.inner.getClassName(), config: this.inner.getConfig() } };
  }

  /** @nocollapse */
  static override fromConfig<T extends tf.serialization.Serializable>(cls: tf.serialization.SerializableConstructor<T>, config: tf.serialization.ConfigDict): T {
    const { className, config: inner } = config.inner as { className: string; config: tf.serialization.ConfigDict };
    const known = tf.serialization.SerializationMap.getMap().classNameMap[className];
    if (known === undefined) throw new WarmstartError("MODEL_STATE", `MaskedOptimizer: the saved optimizer "${className}" is not known here. Call its factory, or tf.serialization.registerClass, before loading.`, { className });
    const [innerClass, build] = known as unknown as [tf.serialization.SerializableConstructor<tf.serialization.Serializable>, typeof tf.Optimizer.fromConfig];
    return new (cls as unknown as new (inner: unknown) => T)(build(innerClass, inner));
  }

  /** Frees the masks and the inner optimizer. */
  override dispose(): void {
    this.forget();
    tf.dispose(this.saved);
    this.saved = [];
    this.inner.dispose();
  }

  private forget(): void {
    tf.dispose([...this.masks.values(), ...this.pending.map(({ tensor }) => tensor)]);
    this.masks = new Map();
    this.pending = [];
  }
}

/** Makes saved masked optimizers known to `tf.loadLayersModel`. Any number of times. */
export function registerMaskedOptimizer(): void {
  tf.serialization.registerClass(MaskedOptimizer as never);
}

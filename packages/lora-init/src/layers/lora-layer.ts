// What all adapted layers share: the frozen base weights, the factors, and the state of being merged.
import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import { initializers, layers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { requireKernels, WarmstartError, type LayerConfig } from "@warmstart/init-core";
import { expand, productOf } from "../low-rank.js";

/** Configuration of an adapted layer. `base` is the layer that it stands for, as in the base model's configuration. */
export interface LoraLayerConfig {
  readonly name: string;
  readonly trainable?: boolean;
  readonly base: LayerConfig;
  readonly r: number;
  readonly loraAlpha: number;
  readonly scale: number;
  /** Whether there is an r × r core between the factors. */
  readonly core: boolean;
  readonly trainDown: boolean;
  readonly trainCore: boolean;
  readonly trainUp: boolean;
  /** Whether the product stands in the base kernel already. */
  readonly merged?: boolean;
  /** Other layers that `attach` froze, by path; on the model's first adapted layer only. Objects, since tfjs changes the case of bare strings when it saves. */
  readonly frozen?: readonly { readonly name: string }[];
}

/** Live factors of an adapted layer. */
export interface LiveFactors {
  readonly down: Variable;
  readonly core?: Variable;
  readonly up: Variable;
}

/** A layer that stands for a stock layer and adds a low-rank product to its kernel. */
export abstract class LoraLayer extends layers.Layer {
  readonly settings: LoraLayerConfig;
  merged: boolean;
  private factorWeights!: { down: LayerVariable; core?: LayerVariable; up: LayerVariable };
  /** The kernel before a merge, by reference. */
  private unmergedKernel: Tensor | undefined;
  private readonly activation: layers.Layer | undefined;

  constructor(config: LoraLayerConfig) {
    const { batchInputShape, dtype } = config.base.config as { batchInputShape?: Shape; dtype?: tfc.DataType };
    super({ name: config.name, ...(config.trainable === undefined ? {} : { trainable: config.trainable }), ...(batchInputShape ? { batchInputShape } : {}), ...(dtype ? { dtype } : {}) });
    this.settings = config;
    this.merged = config.merged ?? false;
    const { activation } = config.base.config as { activation?: string | null };
    if (activation && activation !== "linear") this.activation = layers.activation({ activation: activation as "relu", name: `${config.name}/activation` });
  }

  /** The base kernel's name in its layer. */
  abstract readonly kernelName: string;

  /** The base kernel. */
  abstract kernelVariable(): Variable;

  /** What the gradient of `down` needs and some backend lacks. */
  protected readonly downKernels: readonly string[] = [];

  /** The layer's output before its activation. */
  protected abstract transform(x: Tensor): Tensor;

  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    return tfc.tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      if (kwargs?.training === true) this.checkTraining();
      const y = this.transform(single(inputs));
      return this.activation === undefined ? y : (this.activation.call(y, {}) as Tensor);
    });
  }

  private checkTraining(): void {
    if (!this.trainable) return;
    if (this.merged) throw new WarmstartError("MODEL_STATE", `fit: the adapter of layer "${this.name}" is merged into its kernel, where it cannot train. Call unmerge(model) first.`, { layer: this.name });
    if (this.settings.trainDown) requireKernels(this.downKernels, `training the adapter of layer "${this.name}"`);
  }

  /** Adds `lora_down`, `lora_up` and `lora_core` for a kernel of `rows` × `out` as a matrix. */
  protected addFactors(rows: number, out: number): void {
    const { r, core, trainDown, trainCore, trainUp } = this.settings;
    const add = (name: string, shape: Shape, trainable: boolean) => this.addWeight(name, shape, "float32", initializers.zeros(), undefined, trainable);
    this.factorWeights = { down: add("lora_down", [rows, r], trainDown), ...(core ? { core: add("lora_core", [r, r], trainCore) } : {}), up: add("lora_up", [r, out], trainUp) };
  }

  /** A frozen weight of the base layer. Its products are plain ones: fused kernels compute the gradient of a frozen weight too. */
  protected addFrozen(name: string, shape: Shape): LayerVariable {
    return this.addWeight(name, shape, "float32", initializers.zeros(), undefined, false);
  }

  factors(): LiveFactors {
    const { down, core, up } = this.factorWeights;
    return { down: down.read() as Variable, ...(core ? { core: core.read() as Variable } : {}), up: up.read() as Variable };
  }

  /** The base's rows `y` plus the adapter's, for `reduced = x·down`, `"rows r"`; `y` alone while merged. */
  protected addAdapter(y: Tensor, reduce: (down: Tensor) => Tensor): Tensor {
    if (this.merged) return y;
    const factors = this.factors();
    const rows = expand(reduce(factors.down) as Tensor2D, { ...factors, scale: this.settings.scale });
    return tfc.add(y, tfc.reshape(rows, y.shape));
  }

  /** `scale · down · core · up` in the kernel's shape; the caller disposes it. */
  product(): Tensor {
    return productOf({ ...this.factors(), scale: this.settings.scale }, this.kernelVariable().shape);
  }

  /** The kernel with the product in it; the caller disposes it. */
  mergedKernel(): Tensor {
    const kernel = this.kernelVariable();
    return this.merged ? kernel.clone() : tfc.tidy(() => tfc.add(kernel, this.product()));
  }

  /** The kernel without the product; the caller disposes it. */
  plainKernel(): Tensor {
    const kernel = this.kernelVariable();
    if (!this.merged) return kernel.clone();
    return this.unmergedKernel?.clone() ?? tfc.tidy(() => tfc.sub(kernel, this.product()));
  }

  merge(): void {
    if (this.merged) return;
    const [before, after] = [this.plainKernel(), this.mergedKernel()];
    this.unmergedKernel = tfc.keep(before);
    this.kernelVariable().assign(after);
    after.dispose();
    this.merged = true;
  }

  /** Puts the kernel back bit by bit; after a save and load of a merged model, by subtraction. */
  unmerge(): void {
    if (!this.merged) return;
    const value = this.plainKernel();
    this.kernelVariable().assign(value);
    value.dispose();
    this.unmergedKernel?.dispose();
    this.unmergedKernel = undefined;
    this.merged = false;
  }

  override getConfig(): tfc.serialization.ConfigDict {
    return { ...this.settings, ...super.getConfig(), merged: this.merged } as unknown as tfc.serialization.ConfigDict;
  }

  override dispose(): ReturnType<layers.Layer["dispose"]> {
    this.unmergedKernel?.dispose();
    this.unmergedKernel = undefined;
    return super.dispose();
  }
}

/** The only input of a layer. */
export const single = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0]! : inputs);
/** The only input shape of a layer. */
export const singleShape = (shape: Shape | Shape[]): Shape => (Array.isArray(shape[0]) ? (shape as Shape[])[0]! : (shape as Shape));

import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, singleShape, type LoraLayerConfig } from "./lora-layer.js";

interface DenseConfig {
  readonly units: number;
  readonly useBias?: boolean;
}

/** A Dense layer with an adapter: `activation(x·kernel + bias + scale·((x·down)·core)·up)`; `kernel` and `bias` are frozen. Inputs `"... in"`. */
export class LoraDense extends LoraLayer {
  static readonly className = "LoraDense";
  readonly kernelName = "kernel";
  private kernel!: LayerVariable;
  private bias: LayerVariable | undefined;

  constructor(config: LoraLayerConfig) {
    super(config);
    this.supportsMasking = true;
    this.inputSpec = [{ minNDim: 2 }];
  }

  private base(): DenseConfig {
    return this.settings.base.config as unknown as DenseConfig;
  }

  override build(inputShape: Shape | Shape[]): void {
    const { units, useBias = true } = this.base();
    const width = singleShape(inputShape).at(-1)!;
    this.kernel = this.addFrozen(this.kernelName, [width, units]);
    if (useBias) this.bias = this.addFrozen("bias", [units]);
    this.addFactors(width, units);
    this.inputSpec = [{ minNDim: 2, axes: { [-1]: width } }];
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...singleShape(inputShape).slice(0, -1), this.base().units];
  }

  protected transform(x: Tensor): Tensor {
    const rows = tfc.reshape(x, [-1, x.shape.at(-1)!]) as Tensor2D;
    const plain = tfc.matMul(rows, this.kernel.read() as Tensor2D);
    const y = this.bias === undefined ? plain : tfc.add(plain, this.bias.read());
    const adapted = this.addAdapter(y, (down) => tfc.matMul(rows, down as Tensor2D));
    return tfc.reshape(adapted, [...x.shape.slice(0, -1), this.base().units]);
  }

  kernelVariable(): Variable {
    return this.kernel.read() as Variable;
  }
}

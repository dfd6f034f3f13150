import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, single, singleShape } from "./lora-layer.js";

/** A Dense layer with an adapter: `activation(x·kernel + bias + scale·((x·down)·core)·up)`; `kernel` and `bias` are frozen. Inputs `"... in"`. */
export class LoraDense extends LoraLayer {
  static readonly className = "LoraDense";
  private kernel!: LayerVariable;
  private bias: LayerVariable | undefined;

  override build(inputShape: Shape | Shape[]): void {
    const { units, useBias = true } = this.settings.base.config as { units: number; useBias?: boolean };
    const width = singleShape(inputShape).at(-1)!;
    this.kernel = this.addFrozen("kernel", [width, units]);
    if (useBias) this.bias = this.addFrozen("bias", [units]);
    this.addFactors(width, units);
    this.supportsMasking = true;
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...singleShape(inputShape).slice(0, -1), (this.settings.base.config as { units: number }).units];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tfc.tidy(() => {
      const x = single(inputs);
      const rows = tfc.reshape(x, [-1, x.shape.at(-1)!]) as Tensor2D;
      let y: Tensor = tfc.matMul(rows, this.kernel.read() as Tensor2D);
      if (this.bias) y = tfc.add(y, this.bias.read());
      if (!this.merged) y = tfc.add(y, this.expand(tfc.matMul(rows, this.factors().down as unknown as Tensor2D)));
      return this.activate(tfc.reshape(y, [...x.shape.slice(0, -1), y.shape[1]!]));
    });
  }

  kernelVariable(): Variable {
    return this.kernel.read() as Variable;
  }
}

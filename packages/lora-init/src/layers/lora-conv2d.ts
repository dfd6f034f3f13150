import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { layers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, single, singleShape } from "./lora-layer.js";

interface ConvConfig {
  readonly filters: number;
  readonly kernelSize: number | [number, number];
  readonly strides?: number | [number, number];
  readonly padding?: "valid" | "same";
  readonly dilationRate?: number | [number, number];
  readonly useBias?: boolean;
}

/** A Conv2D layer (channels last) with an adapter: `down` is a convolution with the kernel's own window and `r` filters, core and `up` are 1 × 1; `kernel` and `bias` are frozen. */
export class LoraConv2d extends LoraLayer {
  static readonly className = "LoraConv2d";
  private kernel!: LayerVariable;
  private bias: LayerVariable | undefined;

  private base(): ConvConfig {
    return this.settings.base.config as unknown as ConvConfig;
  }

  private window(): [number, number] {
    const { kernelSize } = this.base();
    return typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
  }

  override build(inputShape: Shape | Shape[]): void {
    const { filters, useBias = true } = this.base();
    const channels = singleShape(inputShape).at(-1)!;
    const [height, width] = this.window();
    this.kernel = this.addFrozen("kernel", [height, width, channels, filters]);
    if (useBias) this.bias = this.addFrozen("bias", [filters]);
    this.addFactors(height * width * channels, filters);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return layers.conv2d(this.settings.base.config as unknown as Parameters<typeof layers.conv2d>[0]).computeOutputShape(inputShape) as Shape;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tfc.tidy(() => {
      const x = single(inputs) as Tensor4D;
      let y: Tensor = this.convolve(x, this.kernel.read() as Tensor4D);
      if (this.bias) y = tfc.add(y, this.bias.read());
      if (!this.merged) {
        const { r } = this.settings;
        const down = tfc.reshape(this.factors().down, [...this.window(), x.shape[3], r]) as Tensor4D;
        const reduced = tfc.reshape(this.convolve(x, down), [-1, r]) as Tensor2D;
        y = tfc.add(y, tfc.reshape(this.expand(reduced), y.shape));
      }
      return this.activate(y);
    });
  }

  private convolve(x: Tensor4D, kernel: Tensor4D): Tensor4D {
    const { strides = 1, padding = "valid", dilationRate = 1 } = this.base();
    return tfc.conv2d(x, kernel, strides, padding, "NHWC", dilationRate);
  }

  kernelVariable(): Variable {
    return this.kernel.read() as Variable;
  }
}

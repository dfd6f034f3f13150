import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { layers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, singleShape, type LoraLayerConfig } from "./lora-layer.js";

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
  readonly kernelName = "kernel";
  protected override readonly downKernels = ["Conv2DBackpropFilter"];
  private kernel!: LayerVariable;
  private bias: LayerVariable | undefined;

  constructor(config: LoraLayerConfig) {
    super(config);
    this.inputSpec = [{ ndim: 4 }];
  }

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
    this.kernel = this.addFrozen(this.kernelName, [height, width, channels, filters]);
    if (useBias) this.bias = this.addFrozen("bias", [filters]);
    this.addFactors(height * width * channels, filters);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return layers.conv2d(this.settings.base.config as unknown as Parameters<typeof layers.conv2d>[0]).computeOutputShape(inputShape) as Shape;
  }

  protected transform(x: Tensor): Tensor {
    const plain = this.convolve(x, this.kernel.read());
    const y = this.bias === undefined ? plain : tfc.add(plain, this.bias.read());
    return this.addAdapter(y, (down) => {
      const filter = tfc.reshape(down, [...this.window(), x.shape[3]!, this.settings.r]);
      return tfc.reshape(this.convolve(x, filter), [-1, this.settings.r]);
    });
  }

  private convolve(x: Tensor, kernel: Tensor): Tensor {
    const { strides = 1, padding = "valid", dilationRate = 1 } = this.base();
    return tfc.conv2d(x as Tensor4D, kernel as Tensor4D, strides, padding, "NHWC", dilationRate);
  }

  kernelVariable(): Variable {
    return this.kernel.read() as Variable;
  }
}

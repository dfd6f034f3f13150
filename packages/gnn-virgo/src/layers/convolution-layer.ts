// What the convolutions share: Keras' arguments, kernels, bias.
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { featuresOf, GraphLayer, type GraphArgs } from "./graph-layer.js";
import { requireCount } from "../check.js";
import { understand, type Initializer, type KerasArgs, type Understood } from "./keras-args.js";

/** Arguments of every convolution: Keras' own and the graph. */
export interface ConvolutionArgs extends KerasArgs, GraphArgs {}

export abstract class ConvolutionLayer extends GraphLayer {
  readonly units: number;
  readonly averagedHeads: number = 1;
  protected readonly keras: Understood;
  protected bias: LayerVariable | undefined;

  constructor(args: ConvolutionArgs) {
    super(args);
    requireCount(new.target.name, "units", args.units, "It is the number of features of the output.");
    this.units = args.units;
    this.keras = understand(args);
  }

  protected featuresOf(inputShape: Shape | Shape[]): number {
    return featuresOf(this, inputShape);
  }

  protected addKernel(name: string, shape: Shape, initializer: Initializer = this.keras.kernelInitializer): LayerVariable {
    return this.addWeight(name, shape, "float32", initializer, this.keras.kernelRegularizer);
  }

  protected addBias(shape: Shape): void {
    if (this.keras.useBias) this.bias = this.addWeight("bias", shape, "float32", this.keras.biasInitializer);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [nodes] = (Array.isArray(inputShape[0]) ? inputShape[0] : inputShape) as Shape;
    return [nodes ?? null, this.units];
  }

  override getConfig() {
    return { ...super.getConfig(), ...this.keras.config } as ReturnType<GraphLayer["getConfig"]>;
  }
}

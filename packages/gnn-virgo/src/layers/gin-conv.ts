// The graph isomorphism network (Xu et al., ICLR 2019) as a layer.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { requireCount, requireFinite } from "../check.js";
import { ginForward } from "../gin-forward.js";
import type { Graph } from "../graph.js";
import type { OperatorName, OperatorOptions } from "../operator.js";
import { ConvolutionLayer, type ConvolutionArgs } from "./convolution-layer.js";
import type { GraphConvolution } from "./graph-convolution.js";
import { understand, type Initializer, type KerasArgs, type Understood } from "./keras-args.js";

/** Arguments of `ginConv`. */
export interface GINConvArgs extends ConvolutionArgs {
  /** Width between the two layers of its network. Default `units`. */
  readonly hiddenUnits?: number;
  /** Between the two layers. Default "relu". */
  readonly innerActivation?: KerasArgs["activation"];
  /** How much more than a neighbour the node itself counts, at the start. Default 0. */
  readonly eps?: number;
  /** Whether ε is trained. Default false. */
  readonly trainEps?: boolean;
}

/**
 * `"nodes in"` → `"nodes units"`: activation(innerActivation((A + (1 + ε) I) x W + b) W' + b').
 *
 * Weights: `kernel "in hiddenUnits"`, `bias "hiddenUnits"`, `inner_kernel "hiddenUnits units"`, `inner_bias "units"`, with
 * `trainEps` `eps "1"`. tfjs owns them; `model.dispose()` frees them.
 *
 * @see Xu et al. 2019, arXiv:1810.00826; PyG's `GINConv` with `Sequential(Linear, ReLU, Linear)`.
 */
export class GINConv extends ConvolutionLayer implements GraphConvolution {
  static readonly className: string = "GINConv";
  readonly operator: OperatorName = "sum";
  readonly operatorOptions: OperatorOptions;
  readonly kernels = [
    { weight: "kernel", role: "propagated" },
    { weight: "inner_kernel", role: "inner" },
  ] as const;
  private readonly settings: { readonly hiddenUnits: number; readonly eps: number; readonly trainEps: boolean };
  private readonly inner: Understood;
  private kernel!: LayerVariable;
  private innerKernel!: LayerVariable;
  private innerBias: LayerVariable | undefined;
  private eps: LayerVariable | undefined;

  constructor(args: GINConvArgs) {
    super(args);
    const { units, hiddenUnits = units, innerActivation = "relu", eps = 0, trainEps = false } = args;
    requireCount("GINConv", "hiddenUnits", hiddenUnits, "It is the width between the two layers of its network.");
    requireFinite("GINConv", "eps", eps, "0 counts the node like a neighbour.");
    this.settings = { hiddenUnits, eps, trainEps };
    this.operatorOptions = { eps };
    this.inner = understand({ units: 1, activation: innerActivation });
  }

  override build(inputShape: Shape | Shape[]): void {
    const { hiddenUnits, eps, trainEps } = this.settings;
    this.kernel = this.addKernel("kernel", [this.featuresOf(inputShape), hiddenUnits]);
    this.addBias([hiddenUnits]);
    this.innerKernel = this.addKernel("inner_kernel", [hiddenUnits, this.units]);
    if (this.keras.useBias) this.innerBias = this.addWeight("inner_bias", [this.units], "float32", this.keras.biasInitializer);
    if (trainEps) this.eps = this.addWeight("eps", [1], "float32", initializers.constant({ value: eps }) as Initializer);
    super.build(inputShape);
  }

  protected override run(graph: Graph, x: Tensor2D): Tensor {
    const weights = { kernel: this.kernel.read() as Tensor2D, bias: this.bias?.read() as Tensor1D | undefined, innerKernel: this.innerKernel.read() as Tensor2D, innerBias: this.innerBias?.read() as Tensor1D | undefined };
    return this.keras.activate(ginForward(graph, x, weights, { eps: this.eps?.read() ?? this.settings.eps, activation: (hidden) => this.inner.activate(hidden) }));
  }

  override getConfig() {
    return { ...super.getConfig(), ...this.settings, innerActivation: this.inner.config.activation } as ReturnType<ConvolutionLayer["getConfig"]>;
  }
}

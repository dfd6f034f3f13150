// GraphSAGE (Hamilton, Ying, Leskovec, NeurIPS 2017) as a layer.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { requireChoice } from "../check.js";
import type { Graph } from "../graph.js";
import type { OperatorName, OperatorOptions } from "../operator.js";
import { sageForward, type SAGEAggregator } from "../sage-forward.js";
import { ConvolutionLayer, type ConvolutionArgs } from "./convolution-layer.js";
import type { GraphConvolution } from "./graph-convolution.js";

/** Arguments of `sageConv`. */
export interface SAGEConvArgs extends ConvolutionArgs {
  /** How neighbours are brought together. Default "mean". */
  readonly aggregator?: SAGEAggregator;
  /** A kernel for the node itself. Default true. */
  readonly rootWeight?: boolean;
  /** Rows of length 1 before the activation. Default false. */
  readonly normalize?: boolean;
}

/**
 * `"nodes in"` → `"nodes units"`: activation(aggregate(neighbours) W + x W_root + b).
 *
 * Weights: `kernel` and `root_kernel` `"in units"`, `bias "units"`. tfjs owns them; `model.dispose()` frees them. PyG draws its
 * kernels from U(±1/√in); `kernelInitializer: "glorotUniform"` is the default here as in the other layers.
 *
 * @see Hamilton et al. 2017, arXiv:1706.02216; PyG's `SAGEConv`.
 */
export class SAGEConv extends ConvolutionLayer implements GraphConvolution {
  static readonly className: string = "SAGEConv";
  /** Virgo has no operator for the maximum, and takes the mean. */
  readonly operator: OperatorName;
  readonly operatorOptions: OperatorOptions = { selfLoops: false };
  readonly kernels: GraphConvolution["kernels"];
  private readonly settings: Required<Pick<SAGEConvArgs, "aggregator" | "rootWeight" | "normalize">>;
  private kernel!: LayerVariable;
  private rootKernel: LayerVariable | undefined;

  constructor(args: SAGEConvArgs) {
    super(args);
    const { aggregator = "mean", rootWeight = true, normalize = false } = args;
    requireChoice("SAGEConv", "aggregator", aggregator, ["mean", "sum", "max"]);
    this.settings = { aggregator, rootWeight, normalize };
    this.operator = aggregator === "sum" ? "custom" : "mean";
    this.kernels = [{ weight: "kernel", role: "propagated" }, ...(rootWeight ? [{ weight: "root_kernel", role: "root" } as const] : [])];
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = [this.featuresOf(inputShape), this.units];
    this.kernel = this.addKernel("kernel", shape);
    if (this.settings.rootWeight) this.rootKernel = this.addKernel("root_kernel", shape);
    this.addBias([this.units]);
    super.build(inputShape);
  }

  protected override run(graph: Graph, x: Tensor2D): Tensor {
    const { aggregator, normalize } = this.settings;
    const weights = { kernel: this.kernel.read() as Tensor2D, rootKernel: this.rootKernel?.read() as Tensor2D | undefined, bias: this.bias?.read() as Tensor1D | undefined };
    return this.keras.activate(sageForward(graph, x, weights, { aggregator, normalize }));
  }

  override getConfig() {
    return { ...super.getConfig(), ...this.settings } as ReturnType<ConvolutionLayer["getConfig"]>;
  }
}

// The graph convolution of Kipf and Welling (ICLR 2017) as a layer.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { gcnForward } from "../gcn-forward.js";
import type { Graph } from "../graph.js";
import type { OperatorName, OperatorOptions } from "../operator.js";
import { ConvolutionLayer, type ConvolutionArgs } from "./convolution-layer.js";
import type { GraphConvolution } from "./graph-convolution.js";

/** Arguments of `gcnConv`. */
export interface GCNConvArgs extends ConvolutionArgs, OperatorOptions {
  /** What is multiplied by. Default "gcn". */
  readonly operator?: OperatorName;
  /** On directed graphs: in-degrees at both ends as in PyG, or "both", out-degree of the source and in-degree of the destination, as in DGL and Virgo's code. Default "in". */
  readonly degrees?: "both" | "in";
}

/**
 * `"nodes in"` → `"nodes units"`: activation(P x W + b), P the normalized adjacency with self-loops.
 *
 * Weights: `kernel "in units"`, `bias "units"`. tfjs owns them; `model.dispose()` frees them.
 *
 * @see Kipf, Welling 2017, arXiv:1609.02907; PyG's `GCNConv`, whose defaults are these.
 */
export class GCNConv extends ConvolutionLayer implements GraphConvolution {
  static readonly className: string = "GCNConv";
  readonly operator: OperatorName;
  readonly operatorOptions: OperatorOptions;
  readonly kernels = [{ weight: "kernel", role: "propagated" }] as const;
  private kernel!: LayerVariable;

  constructor(args: GCNConvArgs) {
    super(args);
    const { operator = "gcn", selfLoops, selfLoopWeight, existingLoops, degrees = "in", eps } = args;
    this.operator = operator;
    this.operatorOptions = withoutUndefined({ selfLoops, selfLoopWeight, existingLoops, degrees, eps });
  }

  override build(inputShape: Shape | Shape[]): void {
    this.kernel = this.addKernel("kernel", [this.featuresOf(inputShape), this.units]);
    this.addBias([this.units]);
    super.build(inputShape);
  }

  protected override run(graph: Graph, x: Tensor2D): Tensor {
    return this.keras.activate(gcnForward(graph, x, { kernel: this.kernel.read() as Tensor2D, bias: this.bias?.read() as Tensor1D | undefined }, { operator: this.operator, ...this.operatorOptions }));
  }

  override getConfig() {
    return { ...super.getConfig(), operator: this.operator, ...this.operatorOptions } as ReturnType<ConvolutionLayer["getConfig"]>;
  }
}

const withoutUndefined = (options: OperatorOptions): OperatorOptions => Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

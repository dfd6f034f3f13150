// Graph attention (Veličković et al., ICLR 2018; Brody et al., ICLR 2022) as a layer.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { subSeed, WarmstartError } from "@warmstart/init-core";
import { requireChoice, requireCount, requireFinite } from "../check.js";
import { gatAttention, gatForward, type GATAttention, type GATv2Weights, type GATWeights } from "../gat-forward.js";
import type { Graph } from "../graph.js";
import type { OperatorName, OperatorOptions } from "../operator.js";
import { ConvolutionLayer, type ConvolutionArgs } from "./convolution-layer.js";
import type { GraphConvolution } from "./graph-convolution.js";
import { understand, type KerasArgs, type Understood } from "./keras-args.js";

/** Arguments of `gatConv`. */
export interface GATConvArgs extends ConvolutionArgs {
  /** Features of each head. */
  readonly units: number;
  /** 1: GAT; 2: GATv2, whose ranking of neighbours depends on the node. Default 1. */
  readonly version?: 1 | 2;
  /** Default 1. */
  readonly heads?: number;
  /** Heads side by side, `heads · units` features, or their mean. Default true, side by side. */
  readonly concat?: boolean;
  /** Slope of the leaky ReLU below 0. Default 0.2. */
  readonly negativeSlope?: number;
  /** Every node also attends to itself, once: self-loops of the graph are removed and own ones added. Default true. */
  readonly selfLoops?: boolean;
  /** GATv2: one kernel for source and target. Default false. */
  readonly shareWeights?: boolean;
  /** Share of the attention that is left out in training. Default 0. */
  readonly dropout?: number;
  /** Of the dropout, an integer. Default 0. */
  readonly seed?: number;
  /** Of the attention vectors. Default "glorotUniform". */
  readonly attentionInitializer?: KerasArgs["kernelInitializer"];
}

type Settings = Required<Pick<GATConvArgs, "version" | "heads" | "concat" | "negativeSlope" | "selfLoops" | "shareWeights" | "dropout" | "seed">>;
type Name = "kernel" | "source_bias" | "target_kernel" | "target_bias" | "attention_source" | "attention_target" | "attention";

/**
 * `"nodes in"` → `"nodes heads*units"`, or `"nodes units"` without `concat`: activation(attention-weighted sum of x W, + b).
 *
 * Weights of GAT: `kernel "in heads*units"`, `attention_source` and `attention_target` `"heads units"`, `bias`; of GATv2: `kernel`
 * and `target_kernel` `"in heads*units"`, `source_bias` and `target_bias` `"heads*units"`, `attention "heads units"`, `bias`.
 * tfjs owns them; `model.dispose()` frees them.
 *
 * @see Veličković et al. 2018, arXiv:1710.10903; Brody et al. 2022, arXiv:2105.14491; PyG's `GATConv` and `GATv2Conv`.
 */
export class GATConv extends ConvolutionLayer implements GraphConvolution {
  static readonly className: string = "GATConv";
  readonly operator: OperatorName = "mean";
  readonly operatorOptions: OperatorOptions;
  readonly kernels: GraphConvolution["kernels"];
  override readonly averagedHeads: number;
  private readonly settings: Settings;
  private readonly attention: Understood;
  private readonly found: Partial<Record<Name, LayerVariable>> = {};
  private trainingCalls = 0;

  constructor(args: GATConvArgs) {
    super(args);
    const { version = 1, heads = 1, concat = true, negativeSlope = 0.2, selfLoops = true, shareWeights = false, dropout = 0, seed = 0, attentionInitializer } = args;
    requireChoice("GATConv", "version", version, [1, 2]);
    requireCount("GATConv", "heads", heads, "Each has `units` features.");
    requireFinite("GATConv", "negativeSlope", negativeSlope, "0.2 is usual.");
    if (!(dropout >= 0 && dropout < 1)) throw new WarmstartError("INVALID_OPTION", `GATConv: \`dropout\` must be at least 0 and below 1, got ${dropout}. It is the share of the attention that is left out in training.`, { dropout });
    if (!Number.isInteger(seed)) throw new WarmstartError("INVALID_OPTION", `GATConv: \`seed\` must be an integer, got ${seed}. It is kept in the configuration of the layer.`, { seed });
    this.settings = { version, heads, concat, negativeSlope, selfLoops, shareWeights, dropout, seed };
    this.attention = understand({ units: 1, kernelInitializer: attentionInitializer });
    this.operatorOptions = { selfLoops, existingLoops: "replace" };
    this.averagedHeads = concat ? 1 : heads;
    this.kernels = [{ weight: "kernel", role: "propagated" }, ...(version === 2 && !shareWeights ? [{ weight: "target_kernel", role: "propagated" } as const] : [])];
  }

  override build(inputShape: Shape | Shape[]): void {
    const { version, heads, concat, shareWeights } = this.settings;
    const [inputs, width] = [this.featuresOf(inputShape), heads * this.units];
    const vector = (name: Name) => void (this.found[name] = this.addWeight(name, [heads, this.units], "float32", this.attention.kernelInitializer));
    const map = (kernel: Name, bias?: Name) => {
      this.found[kernel] = this.addKernel(kernel, [inputs, width]);
      if (bias !== undefined && this.keras.useBias) this.found[bias] = this.addWeight(bias, [width], "float32", this.keras.biasInitializer);
    };
    if (version === 1) {
      map("kernel");
      vector("attention_source");
      vector("attention_target");
    } else {
      map("kernel", "source_bias");
      if (!shareWeights) map("target_kernel", "target_bias");
      vector("attention");
    }
    this.addBias([concat ? width : this.units]);
    super.build(inputShape);
  }

  private weightTensors(): GATWeights | GATv2Weights {
    const read = (name: Name) => this.found[name]?.read() as Tensor2D;
    const [kernel, bias] = [read("kernel"), this.bias?.read() as Tensor1D | undefined];
    if (this.settings.version === 1) return { kernel, attentionSource: read("attention_source"), attentionTarget: read("attention_target"), bias };
    const vector = (name: Name) => this.found[name]?.read() as Tensor1D | undefined;
    return { kernel, sourceBias: vector("source_bias"), targetKernel: this.found.target_kernel?.read() as Tensor2D | undefined, targetBias: vector("target_bias"), attention: read("attention"), bias };
  }

  protected override run(graph: Graph, x: Tensor2D, training: boolean): Tensor {
    const { concat, negativeSlope, selfLoops, dropout, seed } = this.settings;
    const drop = training && dropout > 0 ? { dropout, seed: subSeed(seed, `${this.name}/dropout/${this.trainingCalls++}`) } : {};
    return this.keras.activate(gatForward(graph, x, this.weightTensors(), { concat, negativeSlope, selfLoops, ...drop }));
  }

  /**
   * How much each node takes of each of its neighbours, of the input x `"nodes in"` of this layer, with the weights that it has now.
   * The caller disposes `attention`, `"edges heads"`.
   *
   * @throws {WarmstartError} MODEL_STATE before the layer is built or given a graph; SHAPE_MISMATCH for another number of rows or features.
   *
   * @example
   * const { src, dst, attention } = layer.attend(x);
   */
  attend(x: Tensor2D): GATAttention {
    if (!this.built) throw new WarmstartError("MODEL_STATE", `${this.getClassName()} "${this.name}": the layer has no weights yet. Put it into a model, or call it once.`, { layer: this.name });
    const { negativeSlope, selfLoops } = this.settings;
    return gatAttention(this.graphFor(x), x, this.weightTensors(), { negativeSlope, selfLoops });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [nodes] = super.computeOutputShape(inputShape);
    const { heads, concat } = this.settings;
    return [nodes ?? null, concat ? heads * this.units : this.units];
  }

  override getConfig() {
    return { ...super.getConfig(), ...this.settings, attentionInitializer: this.attention.config.kernelInitializer } as ReturnType<ConvolutionLayer["getConfig"]>;
  }
}

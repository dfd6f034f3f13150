// Graph normalization (Cai et al., ICML 2021) as a layer.
import type { Tensor, Tensor1D, Tensor2D } from "@tensorflow/tfjs-core";
import { initializers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { WarmstartError } from "@warmstart/init-core";
import type { Graph } from "../graph.js";
import { graphNormForward } from "../graph-norm-forward.js";
import { featuresOf, GraphLayer, type GraphArgs } from "./graph-layer.js";
import type { Initializer } from "./keras-args.js";

/** Arguments of `graphNorm`. */
export interface GraphNormArgs extends GraphArgs {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * `"nodes d"` → `"nodes d"`: normalized over the nodes of each graph of a batch; how much of the mean is taken away is learned.
 *
 * Weights, `"d"` each: `gamma` (1), `beta` (0), `mean_scale` (1). tfjs owns them; `model.dispose()` frees them.
 *
 * @see Cai et al. 2021, arXiv:2009.03294; PyG's `GraphNorm`.
 */
export class GraphNorm extends GraphLayer {
  static readonly className: string = "GraphNorm";
  private readonly epsilon: number;
  private gamma!: LayerVariable;
  private beta!: LayerVariable;
  private meanScale!: LayerVariable;

  constructor(args: GraphNormArgs = {}) {
    super(args);
    this.epsilon = args.epsilon ?? 1e-5;
    if (!(this.epsilon > 0)) throw new WarmstartError("INVALID_OPTION", `GraphNorm: \`epsilon\` must be above 0, got ${this.epsilon}. 1e-5 is usual.`, { epsilon: this.epsilon });
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = [featuresOf(this, inputShape)];
    const [ones, zeros] = [initializers.ones() as Initializer, initializers.zeros() as Initializer];
    this.gamma = this.addWeight("gamma", shape, "float32", ones);
    this.beta = this.addWeight("beta", shape, "float32", zeros);
    this.meanScale = this.addWeight("mean_scale", shape, "float32", ones);
    super.build(inputShape);
  }

  protected override run(graph: Graph, x: Tensor2D): Tensor {
    const [weight, bias, meanScale] = [this.gamma, this.beta, this.meanScale].map((variable) => variable.read() as Tensor1D);
    return graphNormForward(graph, x, { weight, bias, meanScale }, { epsilon: this.epsilon });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return inputShape as Shape;
  }

  override getConfig() {
    return { ...super.getConfig(), epsilon: this.epsilon } as ReturnType<GraphLayer["getConfig"]>;
  }
}

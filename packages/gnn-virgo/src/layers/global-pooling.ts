// One row a graph, as a layer.
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import type { Shape } from "@tensorflow/tfjs-layers";
import { requireChoice } from "../check.js";
import { globalPool, type Pooling } from "../global-pool.js";
import type { Graph } from "../graph.js";
import { featuresOf, GraphLayer, type GraphArgs } from "./graph-layer.js";

/** Arguments of `globalPooling`. */
export interface GlobalPoolingArgs extends GraphArgs {
  /** Default "mean". */
  readonly pooling?: Pooling;
}

/** `"nodes d"` → `"graphs d"`: the nodes of each graph of a batch brought together. Layers behind it see graphs as their batch. No weights. */
export class GlobalPooling extends GraphLayer {
  static readonly className: string = "GlobalPooling";
  private readonly pooling: Pooling;

  constructor(args: GlobalPoolingArgs = {}) {
    super(args);
    this.pooling = args.pooling ?? "mean";
    requireChoice("GlobalPooling", "pooling", this.pooling, ["mean", "sum", "max"]);
  }

  protected override run(graph: Graph, x: Tensor2D): Tensor {
    return globalPool(graph, x, this.pooling);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [null, featuresOf(this, inputShape)];
  }

  override getConfig() {
    return { ...super.getConfig(), pooling: this.pooling } as ReturnType<GraphLayer["getConfig"]>;
  }
}

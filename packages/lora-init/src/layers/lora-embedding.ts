import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import { layers, type LayerVariable, type Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, single, type LoraLayerConfig } from "./lora-layer.js";

interface EmbeddingConfig {
  readonly inputDim: number;
  readonly outputDim: number;
  readonly maskZero?: boolean;
}

/**
 * An Embedding layer with an adapter: row `id` is `embeddings[id] + scale·(down[id]·core)·up`; `embeddings` is frozen.
 * Training `down` needs the gradient of a lookup, which WebAssembly has only with `@warmstart/wasm-training`.
 */
export class LoraEmbedding extends LoraLayer {
  static readonly className = "LoraEmbedding";
  readonly kernelName = "embeddings";
  protected override readonly downKernels = ["UnsortedSegmentSum"];
  private embeddings!: LayerVariable;

  constructor(config: LoraLayerConfig) {
    super(config);
    this.supportsMasking = this.base().maskZero === true;
  }

  private base(): EmbeddingConfig {
    return this.settings.base.config as unknown as EmbeddingConfig;
  }

  override build(inputShape: Shape | Shape[]): void {
    const { inputDim, outputDim } = this.base();
    this.embeddings = this.addFrozen(this.kernelName, [inputDim, outputDim]);
    this.addFactors(inputDim, outputDim);
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    // The stock layer knows what `inputLength` means.
    return layers.embedding(this.settings.base.config as unknown as Parameters<typeof layers.embedding>[0]).computeOutputShape(inputShape) as Shape;
  }

  override computeMask(inputs: Tensor | Tensor[]): Tensor {
    const mask = this.base().maskZero ? tfc.tidy(() => tfc.notEqual(single(inputs), tfc.zerosLike(single(inputs)))) : null;
    return mask as Tensor; // as in tfjs, whose type does not say null
  }

  protected transform(x: Tensor): Tensor {
    const ids = tfc.reshape(tfc.cast(x, "int32"), [-1]);
    const rows = tfc.gather(this.embeddings.read() as Tensor2D, ids);
    const adapted = this.addAdapter(rows, (down) => tfc.gather(down as Tensor2D, ids));
    return tfc.reshape(adapted, [...x.shape, this.base().outputDim]);
  }

  kernelVariable(): Variable {
    return this.embeddings.read() as Variable;
  }
}

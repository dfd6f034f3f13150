import * as tfc from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { LayerVariable, Shape } from "@tensorflow/tfjs-layers";
import { LoraLayer, single, singleShape } from "./lora-layer.js";

/**
 * An Embedding layer with an adapter: row `id` is `embeddings[id] + scale·(down[id]·core)·up`; `embeddings` is frozen.
 * Training `down` needs the gradient of a lookup, which WebAssembly has only with `@warmstart/wasm-training`.
 */
export class LoraEmbedding extends LoraLayer {
  static readonly className = "LoraEmbedding";
  private embeddings!: LayerVariable;

  override build(inputShape: Shape | Shape[]): void {
    const { inputDim, outputDim } = this.base();
    this.embeddings = this.addFrozen("embeddings", [inputDim, outputDim]);
    this.addFactors(inputDim, outputDim);
    super.build(inputShape);
  }

  private base(): { inputDim: number; outputDim: number; maskZero?: boolean } {
    return this.settings.base.config as { inputDim: number; outputDim: number; maskZero?: boolean };
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return [...singleShape(inputShape), this.base().outputDim];
  }

  override computeMask(inputs: Tensor | Tensor[]): Tensor {
    return (this.base().maskZero ? tfc.notEqual(single(inputs), 0) : null) as Tensor;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tfc.tidy(() => {
      const ids = tfc.cast(single(inputs), "int32");
      const flat = tfc.reshape(ids, [-1]);
      let rows = tfc.gather(this.embeddings.read() as Tensor2D, flat) as Tensor2D;
      if (!this.merged) rows = tfc.add(rows, this.expand(tfc.gather(this.factors().down as unknown as Tensor2D, flat)));
      return tfc.reshape(rows, [...ids.shape, this.base().outputDim]);
    });
  }

  kernelVariable(): Variable {
    return this.embeddings.read() as Variable;
  }
}

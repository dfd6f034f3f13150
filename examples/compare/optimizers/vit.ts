// A small vision transformer (Dosovitskiy et al. 2021) for 28 × 28 digits: 16 patches of 7 × 7, mean over patches instead of a class token.
import * as tf from "@tensorflow/tfjs";
import { CausalAttention } from "../../gpt/causal-attention.js";
import { LayerNorm } from "../../gpt/layer-norm.js";
import { registerGptLayers } from "../../gpt/model.js";

/** Adds a trained vector to each position of `"batch time width"`. */
class PositionTable extends tf.layers.Layer {
  static readonly className = "PositionTable";
  private table!: tf.LayerVariable;
  private readonly seed: number;

  constructor(config: { seed: number }) {
    super({});
    this.seed = config.seed;
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    this.table = this.addWeight("table", (inputShape as tf.Shape).slice(1), "float32", tf.initializers.truncatedNormal({ stddev: 0.02, seed: this.seed }));
    super.build(inputShape);
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.add(Array.isArray(inputs) ? inputs[0]! : inputs, this.table.read());
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), seed: this.seed };
  }
}

export interface VitOptions {
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  readonly seed: number;
}

/** Images float32 `"batch 28 28 1"` to logits `"batch 10"`. */
export function buildVit({ width, blocks, heads, seed }: VitOptions): tf.LayersModel {
  registerGptLayers();
  let drawn = 0;
  const normal = (stddev = 0.02) => tf.initializers.truncatedNormal({ stddev, seed: seed * 1000 + ++drawn });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;
  const dense = (units: number, x: tf.SymbolicTensor, activation?: "gelu") => apply(tf.layers.dense({ units, kernelInitializer: normal(), ...(activation && { activation }) }), x);
  const norm = (x: tf.SymbolicTensor) => apply(new LayerNorm({}), x);

  const image = tf.input({ shape: [28, 28, 1] });
  const rows = apply(tf.layers.reshape({ targetShape: [4, 7, 4, 7] }), image);
  const pixels = apply(tf.layers.reshape({ targetShape: [16, 49] }), apply(tf.layers.permute({ dims: [1, 3, 2, 4] }), rows));
  const patches = apply(tf.layers.dense({ units: width, kernelInitializer: normal(1 / 7) }), pixels);
  let x = apply(new PositionTable({ seed: seed * 1000 }), patches);
  for (let i = 0; i < blocks; i++) {
    const h = norm(x);
    const attended = apply(new CausalAttention({ heads, causal: false }), [dense(width, h), dense(width, h), dense(width, h)]);
    x = apply(tf.layers.add(), [x, dense(width, attended)]);
    x = apply(tf.layers.add(), [x, dense(width, dense(4 * width, norm(x), "gelu"))]);
  }
  const logits = dense(10, apply(tf.layers.globalAveragePooling1d({}), norm(x)));
  return tf.model({ name: "vit", inputs: image, outputs: logits });
}

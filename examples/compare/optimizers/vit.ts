// A small vision transformer (Dosovitskiy et al. 2021) for 28 × 28 digits: 16 patches of 7 × 7. The head reads all patches: with a
// class token or their mean a net of this size needs epochs for what it then learns in 150 steps.
import * as tf from "@tensorflow/tfjs";
import { CausalAttention } from "../../gpt/causal-attention.js";
import { LayerNorm } from "../../gpt/layer-norm.js";
import { registerGptLayers } from "../../gpt/model.js";

/** Adds fixed sines and cosines of each patch's row and column to `"batch patches width"` (Beyer, Zhai and Kolesnikov 2022). */
class PatchPositions extends tf.layers.Layer {
  static readonly className = "PatchPositions";

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    const [patches, width] = [x.shape[1]!, x.shape[2]!];
    const [side, quarter] = [Math.sqrt(patches), width / 4];
    const table = Float32Array.from({ length: patches * width }, (_, i) => {
      const [patch, column] = [Math.floor(i / width), i % width];
      const place = column < 2 * quarter ? patch % side : Math.floor(patch / side);
      const angle = place / 10000 ** ((column % quarter) / (quarter - 1));
      return column % (2 * quarter) < quarter ? Math.sin(angle) : Math.cos(angle);
    });
    return tf.tidy(() => tf.add(x, tf.tensor2d(table, [patches, width])));
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
  tf.serialization.registerClass(PatchPositions);
  let drawn = 0;
  const glorot = () => tf.initializers.glorotUniform({ seed: seed * 1000 + ++drawn });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;
  const dense = (units: number, x: tf.SymbolicTensor, activation?: "gelu") => apply(tf.layers.dense({ units, kernelInitializer: glorot(), ...(activation && { activation }) }), x);
  const norm = (x: tf.SymbolicTensor) => apply(new LayerNorm({}), x);

  const image = tf.input({ shape: [28, 28, 1] });
  const rows = apply(tf.layers.reshape({ targetShape: [4, 7, 4, 7] }), image);
  const pixels = apply(tf.layers.reshape({ targetShape: [16, 49] }), apply(tf.layers.permute({ dims: [1, 3, 2, 4] }), rows));
  const patches = apply(tf.layers.dense({ units: width, kernelInitializer: glorot() }), pixels);
  let x = apply(new PatchPositions({}), patches);
  for (let i = 0; i < blocks; i++) {
    const h = norm(x);
    const attended = apply(new CausalAttention({ heads, causal: false }), [dense(width, h), dense(width, h), dense(width, h)]);
    x = apply(tf.layers.add(), [x, dense(width, attended)]);
    x = apply(tf.layers.add(), [x, dense(width, dense(4 * width, norm(x), "gelu"))]);
  }
  const logits = dense(10, apply(tf.layers.flatten(), norm(x)));
  return tf.model({ name: "vit", inputs: image, outputs: logits });
}

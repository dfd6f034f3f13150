// A small GPT (Radford et al. 2019: normalization before each sub-layer) as a functional LayersModel of stock layers.
import * as tf from "@tensorflow/tfjs";
import { CausalAttention } from "./causal-attention.js";
import { LayerNorm } from "./layer-norm.js";
import { Positions } from "./positions.js";

export interface GptOptions {
  readonly vocabulary: number;
  /** The longest window; shorter ones may be given. */
  readonly context: number;
  readonly width: number;
  readonly blocks: number;
  readonly heads: number;
  readonly seed: number;
}

/** Makes the three layers of our own known to tfjs; needed before loading. Calling it twice is fine. */
export function registerGptLayers(): void {
  tf.serialization.registerClass(CausalAttention);
  tf.serialization.registerClass(LayerNorm);
  tf.serialization.registerClass(Positions);
}

/**
 * Token ids int32 `"batch time"` to logits `"batch time vocabulary"`.
 * Linear maps: `block0/q`, `block0/k`, `block0/v`, `block0/o`, `block0/fc1`, `block0/fc2`, …, `head`.
 * Weights are normal with standard deviation 0.02, those that end a residual branch divided by √(2 · blocks).
 */
export function buildGpt({ vocabulary, context, width, blocks, heads, seed }: GptOptions): tf.LayersModel {
  registerGptLayers();
  let drawn = 0;
  const normal = (stddev: number) => tf.initializers.randomNormal({ stddev, seed: seed * 1000 + drawn++ });
  const dense = (name: string, units: number, x: tf.SymbolicTensor, stddev = 0.02) => tf.layers.dense({ name, units, kernelInitializer: normal(stddev) }).apply(x) as tf.SymbolicTensor;
  const embedding = (name: string, inputDim: number, x: tf.SymbolicTensor) => tf.layers.embedding({ name, inputDim, outputDim: width, embeddingsInitializer: normal(0.02) }).apply(x) as tf.SymbolicTensor;

  const tokens = tf.input({ name: "tokens", shape: [null], dtype: "int32" });
  const positions = new Positions({ name: "positions" }).apply(tokens) as tf.SymbolicTensor;
  let x = add("embedded", embedding("tokenEmbedding", vocabulary, tokens), embedding("positionEmbedding", context, positions));
  const last = 0.02 / Math.sqrt(2 * blocks);
  for (let i = 0; i < blocks; i++) {
    const at = (name: string) => `block${i}/${name}`;
    const normed = norm(at("norm1"), x);
    const qkv = ["q", "k", "v"].map((name) => dense(at(name), width, normed));
    const attended = new CausalAttention({ name: at("attention"), heads }).apply(qkv) as tf.SymbolicTensor;
    x = add(at("add1"), x, dense(at("o"), width, attended, last));
    const wide = dense(at("fc1"), 4 * width, norm(at("norm2"), x));
    const active = tf.layers.activation({ name: at("gelu"), activation: "gelu" }).apply(wide) as tf.SymbolicTensor;
    x = add(at("add2"), x, dense(at("fc2"), width, active, last));
  }
  const logits = tf.layers.dense({ name: "head", units: vocabulary, useBias: false, kernelInitializer: normal(0.02) }).apply(norm("norm", x)) as tf.SymbolicTensor;
  return tf.model({ name: "gpt", inputs: tokens, outputs: logits });
}

function norm(name: string, x: tf.SymbolicTensor): tf.SymbolicTensor {
  return new LayerNorm({ name }).apply(x) as tf.SymbolicTensor;
}

function add(name: string, x: tf.SymbolicTensor, y: tf.SymbolicTensor): tf.SymbolicTensor {
  return tf.layers.add({ name }).apply([x, y]) as tf.SymbolicTensor;
}

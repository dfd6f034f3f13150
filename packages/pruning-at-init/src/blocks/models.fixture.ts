// Small residual networks of the kinds that are told apart, with seeded weights.
import * as tf from "@tensorflow/tfjs";

export const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) => layer.apply(x) as tf.SymbolicTensor;

/** Another seed for each layer of a model. */
function seeds(seed: number): () => ReturnType<typeof tf.initializers.heNormal> {
  let drawn = seed * 1000;
  return () => tf.initializers.heNormal({ seed: drawn++ });
}

export interface ResnetFixture {
  /** Blocks of each stage; stages after the first halve the image, their first block has a projection. */
  readonly stages?: readonly number[];
  readonly epsilon?: number;
  readonly seed?: number;
  readonly softmax?: boolean;
  readonly dropout?: number;
}

/** ResNet as first published, on images of 6 × 6 × 2, for 3 classes. Blocks are "s0b0/add", …. */
export function resnet({ stages = [3, 3], epsilon = 1e-3, seed = 1, softmax = false, dropout = 0 }: ResnetFixture = {}): tf.LayersModel {
  const draw = seeds(seed);
  const conv = (name: string, x: tf.SymbolicTensor, filters: number, strides = 1, kernelSize = 3) => apply(tf.layers.conv2d({ name, filters, kernelSize, strides, padding: "same", kernelInitializer: draw() }), x);
  const norm = (name: string, x: tf.SymbolicTensor) => apply(tf.layers.batchNormalization({ name, epsilon }), x);
  const relu = (name: string, x: tf.SymbolicTensor) => apply(tf.layers.reLU({ name }), x);
  const images = tf.input({ name: "images", shape: [6, 6, 2] });
  let x = relu("stem/relu", norm("stem/norm", conv("stem", images, 4)));
  for (const [stage, blocks] of stages.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = (name: string) => `s${stage}b${block}/${name}`;
      const width = 4 * 2 ** stage;
      const narrows = stage > 0 && block === 0;
      let y = relu(at("relu1"), norm(at("norm1"), conv(at("conv1"), x, width, narrows ? 2 : 1)));
      if (dropout > 0) y = apply(tf.layers.dropout({ name: at("dropout"), rate: dropout }), y);
      y = norm(at("norm2"), conv(at("conv2"), y, width));
      x = relu(at("relu2"), apply(tf.layers.add({ name: at("add") }), [narrows ? conv(at("shortcut"), x, width, 2, 1) : x, y]));
    }
  }
  const head = tf.layers.dense({ name: "head", units: 3, kernelInitializer: draw(), ...(softmax ? { activation: "softmax" } : {}) });
  return tf.model({ inputs: images, outputs: apply(head, apply(tf.layers.globalAveragePooling2d({ name: "pool" }), x)) });
}

/** Dense blocks x + relu(x U) V without normalization: the net of the hand-worked example has two, "A" and "B", and 2 inputs. */
export function mlp({ blocks = ["A", "B"], width = 2, seed = 1 }: { readonly blocks?: readonly string[]; readonly width?: number; readonly seed?: number } = {}): tf.LayersModel {
  const draw = seeds(seed);
  const dense = (name: string, units: number, x: tf.SymbolicTensor) => apply(tf.layers.dense({ name, units, useBias: false, kernelInitializer: draw() }), x);
  const input = tf.input({ name: "x", shape: [width] });
  let x = input;
  for (const block of blocks) x = apply(tf.layers.add({ name: `add${block}` }), [x, dense(`V${block}`, width, apply(tf.layers.reLU({ name: `relu${block}` }), dense(`U${block}`, width, x)))]);
  return tf.model({ inputs: input, outputs: dense("out", 1, x) });
}

/** Attention of all tokens to all, without weights; q, k and v come from Dense layers. */
class DotAttention extends tf.layers.Layer {
  static readonly className = "DotAttentionOfTheTests";
  override computeOutputShape(shapes: tf.Shape[]): tf.Shape {
    return shapes[2]!;
  }
  override call(inputs: tf.Tensor[]): tf.Tensor {
    const [q, k, v] = inputs as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return tf.matMul(tf.softmax(tf.matMul(q, k, false, true)), v);
  }
}

/** LayerNorm → attention → add, LayerNorm → dense, relu, dense → add, `depth` times; 5 tokens of 4 numbers, their mean to 3 classes. */
export function transformer({ depth = 2, seed = 1 }: { readonly depth?: number; readonly seed?: number } = {}): tf.LayersModel {
  tf.serialization.registerClass(DotAttention);
  const draw = seeds(seed);
  const dense = (name: string, units: number, x: tf.SymbolicTensor) => apply(tf.layers.dense({ name, units, kernelInitializer: draw() }), x);
  const norm = (name: string, x: tf.SymbolicTensor) => apply(tf.layers.layerNormalization({ name }), x);
  const add = (name: string, x: tf.SymbolicTensor, y: tf.SymbolicTensor) => apply(tf.layers.add({ name }), [x, y]);
  const [tokens, positions] = [tf.input({ name: "tokens", shape: [5, 4] }), tf.input({ name: "positions", shape: [5, 4] })];
  let x = add("embed/add", tokens, positions);
  for (let i = 0; i < depth; i++) {
    const at = (name: string) => `layer${i}/${name}`;
    const before = norm(at("norm1"), x);
    const mixed = apply(new DotAttention({ name: at("attention") }), [dense(at("q"), 4, before), dense(at("k"), 4, before), dense(at("v"), 4, before)]);
    x = add(at("attention/add"), x, dense(at("out"), 4, mixed));
    const hidden = apply(tf.layers.reLU({ name: at("relu") }), dense(at("up"), 8, norm(at("norm2"), x)));
    x = add(at("mlp/add"), x, dense(at("down"), 4, hidden));
  }
  return tf.model({ inputs: [tokens, positions], outputs: dense("head", 3, apply(tf.layers.globalAveragePooling1d({ name: "pool" }), x)) });
}

/** Images and class numbers for `resnet`, balanced. */
export function images(count = 12, seed = 7): { readonly xs: tf.Tensor4D; readonly ys: tf.Tensor1D } {
  return { xs: tf.randomNormal([count, 6, 6, 2], 0, 1, "float32", seed), ys: tf.tensor1d(Array.from({ length: count }, (_, i) => i % 3)) };
}

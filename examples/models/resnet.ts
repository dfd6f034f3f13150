// The residual networks for 32 × 32 images of He et al. 2016, "Deep Residual Learning for Image Recognition", section 4.2.
import * as tf from "@tensorflow/tfjs";
import { kernelInitializers, type StartOptions } from "./initializers.js";

export interface ResnetOptions extends StartOptions {
  /** 6n + 2: 20, 32 and 56 are the published ones. */
  readonly depth: number;
  /** Default: 10. */
  readonly classes?: number;
  /**
   * Where the width changes: "padded", without parameters (option A: every second pixel, zeros for the new channels), or "projection",
   * a 1 × 1 convolution with bias and without batch normalization, as in Keras' example, where all convolutions have biases. Default "padded".
   */
  readonly shortcut?: "padded" | "projection";
}

/**
 * Images `"batch 32 32 3"` to probabilities `"batch classes"`, in stock layers: 3 × 3 convolutions without bias, each followed by
 * batch normalization; three stages of n blocks with 16, 32 and 64 channels; shortcuts without parameters. ResNet-20 trains
 * 269,722 numbers. The caller disposes the model.
 *
 * @throws when `depth` is not 6n + 2.
 */
export function buildResnet({ depth, classes = 10, shortcut = "padded", ...start }: ResnetOptions): tf.LayersModel {
  const blocks = (depth - 2) / 6;
  if (!Number.isInteger(blocks) || blocks < 1) throw new Error(`buildResnet: depth must be 6n + 2 (20, 32, 56), got ${depth}; choose another depth`);
  const initializer = kernelInitializers(start);
  const useBias = shortcut === "projection";
  const convolution = (name: string, x: tf.SymbolicTensor, filters: number, strides = 1) => {
    const layer = tf.layers.conv2d({ name, filters, kernelSize: 3, strides, padding: "same", useBias, kernelInitializer: initializer() });
    return tf.layers.batchNormalization({ name: `${name}/norm` }).apply(layer.apply(x)) as tf.SymbolicTensor;
  };
  const projection = (name: string, x: tf.SymbolicTensor, filters: number) => tf.layers.conv2d({ name, filters, kernelSize: 1, strides: 2, kernelInitializer: initializer() }).apply(x) as tf.SymbolicTensor;
  const across = shortcut === "projection" ? projection : padded;
  const relu = (name: string, x: tf.SymbolicTensor) => tf.layers.reLU({ name }).apply(x) as tf.SymbolicTensor;

  const images = tf.input({ name: "images", shape: [32, 32, 3] });
  let x = relu("stem/relu", convolution("stem", images, 16));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = (name: string) => `stage${stage}/block${block}/${name}`;
      const narrows = stage > 0 && block === 0;
      const inner = relu(at("relu1"), convolution(at("conv1"), x, filters, narrows ? 2 : 1));
      const outer = convolution(at("conv2"), inner, filters);
      x = relu(at("relu2"), tf.layers.add({ name: at("add") }).apply([narrows ? across(at("shortcut"), x, filters) : x, outer]) as tf.SymbolicTensor);
    }
  }
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const head = tf.layers.dense({ name: "head", units: classes, activation: "softmax", kernelInitializer: initializer() });
  return tf.model({ name: `resnet${depth}`, inputs: images, outputs: head.apply(pooled) as tf.SymbolicTensor });
}

/** Every second pixel; the new channels are zeros, half of them on each side. Padding knows height and width only, hence the turns. */
function padded(name: string, x: tf.SymbolicTensor, filters: number): tf.SymbolicTensor {
  const added = (filters - x.shape[3]!) / 2;
  const layers = [
    tf.layers.averagePooling2d({ name: `${name}/pixels`, poolSize: 1, strides: 2 }),
    tf.layers.permute({ name: `${name}/turn`, dims: [1, 3, 2] }),
    tf.layers.zeroPadding2d({ name: `${name}/zeros`, padding: [[0, 0], [added, added]] as unknown as [[number, number], [number, number]] }),
    tf.layers.permute({ name: `${name}/back`, dims: [1, 3, 2] }),
  ];
  return layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
}

// ResNet-18 (He et al. 2016, table 1) for 32 × 32 images: a 3 × 3 stem without pooling in place of the 7 × 7 one, as the literature on pruning uses it.
import * as tf from "@tensorflow/tfjs";
import { kernelInitializers, type StartOptions } from "./initializers.js";

export interface Resnet18Options extends StartOptions {
  /** Default 10. */
  readonly classes?: number;
}

/**
 * Images `"batch 32 32 3"` to probabilities `"batch classes"`: four stages of two blocks with 64, 128, 256 and 512 channels, convolutions
 * without bias, shortcuts by 1 × 1 convolution with batch normalization where the width changes. 11,173,962 numbers train. The
 * caller disposes the model.
 */
export function buildResnet18({ classes = 10, ...start }: Resnet18Options): tf.LayersModel {
  const kernel = kernelInitializers(start);
  const convolution = (name: string, x: tf.SymbolicTensor, filters: number, strides = 1, kernelSize = 3) => {
    const layer = tf.layers.conv2d({ name, filters, kernelSize, strides, padding: "same", useBias: false, kernelInitializer: kernel() });
    return tf.layers.batchNormalization({ name: `${name}/norm` }).apply(layer.apply(x)) as tf.SymbolicTensor;
  };
  const relu = (name: string, x: tf.SymbolicTensor) => tf.layers.reLU({ name }).apply(x) as tf.SymbolicTensor;
  const images = tf.input({ name: "images", shape: [32, 32, 3] });
  let x = relu("stem/relu", convolution("stem", images, 64));
  for (const [stage, filters] of [64, 128, 256, 512].entries()) {
    for (const block of [0, 1]) {
      const at = (name: string) => `stage${stage}/block${block}/${name}`;
      const narrows = stage > 0 && block === 0;
      const inner = relu(at("relu1"), convolution(at("conv1"), x, filters, narrows ? 2 : 1));
      const outer = convolution(at("conv2"), inner, filters);
      const shortcut = narrows ? convolution(at("shortcut"), x, filters, 2, 1) : x;
      x = relu(at("relu2"), tf.layers.add({ name: at("add") }).apply([shortcut, outer]) as tf.SymbolicTensor);
    }
  }
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const head = tf.layers.dense({ name: "head", units: classes, activation: "softmax", kernelInitializer: kernel() });
  return tf.model({ name: "resnet18", inputs: images, outputs: head.apply(pooled) as tf.SymbolicTensor });
}

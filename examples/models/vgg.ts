// VGG-16 (Simonyan and Zisserman, ICLR 2015, configuration D) for 32 × 32 images, with batch normalization and one dense layer: the form in which the literature on pruning uses it.
import * as tf from "@tensorflow/tfjs";
import { kernelInitializers, type StartOptions } from "./initializers.js";

export interface VggOptions extends StartOptions {
  /** Default 10. */
  readonly classes?: number;
  /** Whether the convolutions have biases, which the batch normalization behind them makes idle. Default true, as in torchvision. */
  readonly useBias?: boolean;
}

const widths = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool"] as const;

/**
 * Images `"batch 32 32 3"` to probabilities `"batch classes"`: 13 convolutions of 3 × 3, each with batch normalization and ReLU, five
 * poolings by 2, one dense layer. 14,728,266 numbers train with biases, 14,724,042 without. The caller disposes the model.
 */
export function buildVgg16({ classes = 10, useBias = true, ...start }: VggOptions): tf.LayersModel {
  const kernel = kernelInitializers(start);
  const images = tf.input({ name: "images", shape: [32, 32, 3] });
  let x = images;
  let [stage, block] = [0, 0];
  for (const width of widths) {
    if (width === "pool") {
      x = tf.layers.maxPooling2d({ name: `stage${stage}/pool`, poolSize: 2 }).apply(x) as tf.SymbolicTensor;
      [stage, block] = [stage + 1, 0];
      continue;
    }
    const name = `stage${stage}/conv${block++}`;
    const layers = [
      tf.layers.conv2d({ name, filters: width, kernelSize: 3, padding: "same", useBias, kernelInitializer: kernel() }),
      tf.layers.batchNormalization({ name: `${name}/norm` }),
      tf.layers.reLU({ name: `${name}/relu` }),
    ];
    x = layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
  }
  const head = tf.layers.dense({ name: "head", units: classes, activation: "softmax", kernelInitializer: kernel() });
  return tf.model({ name: "vgg16", inputs: images, outputs: head.apply(tf.layers.flatten({ name: "flatten" }).apply(x)) as tf.SymbolicTensor });
}

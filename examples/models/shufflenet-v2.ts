// ShuffleNetV2: N. Ma et al., Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018 (arXiv:1807.11164), figure 3 and table 5.
import * as tf from "@tensorflow/tfjs";
import { kernelInitializers, type StartOptions } from "./initializers.js";

export interface ShufflenetV2Options extends StartOptions {
  /** Height and width of the images. Default 224. */
  readonly size?: number;
  /** Default 1000. */
  readonly classes?: number;
}

/**
 * Images `"batch size size 3"` to probabilities `"batch classes"`, width 1.0. 2,278,604 numbers train with 1000 classes. The caller
 * disposes the model.
 *
 * tfjs has no layer that splits or shuffles channels. Stock layers do it: two halves are cropped out of the channels, which a
 * Permute has turned to where an image has its width; and channels are shuffled by Reshape to `"h · w 2 c/2"`, Permute and Reshape.
 */
export function buildShufflenetV2({ size = 224, classes = 1000, ...start }: ShufflenetV2Options): tf.LayersModel {
  const kernel = kernelInitializers(start);
  const chain = (x: tf.SymbolicTensor, ...layers: tf.layers.Layer[]) => layers.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
  const norm = (name: string) => tf.layers.batchNormalization({ name: `${name}/norm` });
  const relu = (name: string) => tf.layers.reLU({ name: `${name}/relu` });
  const pointwise = (name: string, x: tf.SymbolicTensor, filters: number) => chain(x, tf.layers.conv2d({ name, filters, kernelSize: 1, useBias: false, kernelInitializer: kernel() }), norm(name), relu(name));
  const depthwise = (name: string, x: tf.SymbolicTensor, strides: number) => chain(x, tf.layers.depthwiseConv2d({ name, kernelSize: 3, strides, padding: "same", useBias: false, depthwiseInitializer: kernel() }), norm(name));
  const half = (name: string, x: tf.SymbolicTensor, first: boolean) => {
    const cut = x.shape[3]! / 2;
    return chain(x, tf.layers.permute({ name: `${name}/turn`, dims: [1, 3, 2] }), tf.layers.cropping2D({ name: `${name}/crop`, cropping: [[0, 0], first ? [0, cut] : [cut, 0]] }), tf.layers.permute({ name: `${name}/back`, dims: [1, 3, 2] }));
  };
  const shuffle = (name: string, x: tf.SymbolicTensor) => {
    const [, height, width, channels] = x.shape as [null, number, number, number];
    return chain(x, tf.layers.reshape({ name: `${name}/groups`, targetShape: [height * width, 2, channels / 2] }), tf.layers.permute({ name: `${name}/swap`, dims: [1, 3, 2] }), tf.layers.reshape({ name: `${name}/image`, targetShape: [height, width, channels] }));
  };

  const images = tf.input({ name: "images", shape: [size, size, 3] });
  const stem = tf.layers.conv2d({ name: "stem", filters: 24, kernelSize: 3, strides: 2, padding: "same", useBias: false, kernelInitializer: kernel() });
  let x = chain(images, stem, norm("stem"), relu("stem"), tf.layers.maxPooling2d({ name: "stem/pool", poolSize: 3, strides: 2, padding: "same" }));
  for (const [stage, [channels, blocks]] of ([[116, 4], [232, 8], [464, 4]] as const).entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = (name: string) => `stage${stage}/block${block}/${name}`;
      const narrows = block === 0;
      const left = narrows ? pointwise(at("left/pointwise"), depthwise(at("left/depthwise"), x, 2), channels / 2) : half(at("left"), x, true);
      const right = pointwise(at("right/pointwise1"), narrows ? x : half(at("right"), x, false), channels / 2);
      const both = tf.layers.concatenate({ name: at("concat") }).apply([left, pointwise(at("right/pointwise2"), depthwise(at("right/depthwise"), right, narrows ? 2 : 1), channels / 2)]) as tf.SymbolicTensor;
      x = shuffle(at("shuffle"), both);
    }
  }
  x = pointwise("last", x, 1024);
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const head = tf.layers.dense({ name: "head", units: classes, activation: "softmax", kernelInitializer: kernel() });
  return tf.model({ name: "shufflenetV2", inputs: images, outputs: head.apply(pooled) as tf.SymbolicTensor });
}

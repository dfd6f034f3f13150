// MobileNetV2: M. Sandler et al., Inverted Residuals and Linear Bottlenecks, CVPR 2018 (arXiv:1801.04381), table 2.
import * as tf from "@tensorflow/tfjs";
import { kernelInitializers, type StartOptions } from "./initializers.js";

export interface MobilenetV2Options extends StartOptions {
  /** Height and width of the images. Default 224. */
  readonly size?: number;
  /** Default 1000. */
  readonly classes?: number;
}

/** Expansion, channels, blocks, stride of the first block. */
const bottlenecks = [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 4, 2], [6, 96, 3, 1], [6, 160, 3, 2], [6, 320, 1, 1]] as const;

/**
 * Images `"batch size size 3"` to probabilities `"batch classes"`, width 1.0: 17 inverted residual blocks, ten of which add their
 * input. 3,504,872 numbers train with 1000 classes. The caller disposes the model.
 */
export function buildMobilenetV2({ size = 224, classes = 1000, ...start }: MobilenetV2Options): tf.LayersModel {
  const kernel = kernelInitializers(start);
  const norm = (name: string, x: tf.SymbolicTensor) => tf.layers.batchNormalization({ name: `${name}/norm` }).apply(x) as tf.SymbolicTensor;
  const relu6 = (name: string, x: tf.SymbolicTensor) => tf.layers.reLU({ name: `${name}/relu`, maxValue: 6 }).apply(x) as tf.SymbolicTensor;
  const pointwise = (name: string, x: tf.SymbolicTensor, filters: number) => norm(name, tf.layers.conv2d({ name, filters, kernelSize: 1, useBias: false, kernelInitializer: kernel() }).apply(x) as tf.SymbolicTensor);
  const images = tf.input({ name: "images", shape: [size, size, 3] });
  let x = relu6("stem", norm("stem", tf.layers.conv2d({ name: "stem", filters: 32, kernelSize: 3, strides: 2, padding: "same", useBias: false, kernelInitializer: kernel() }).apply(images) as tf.SymbolicTensor));
  for (const [stage, [expansion, channels, blocks, firstStride]] of bottlenecks.entries()) {
    for (let block = 0; block < blocks; block++) {
      const at = (name: string) => `stage${stage}/block${block}/${name}`;
      const strides = block === 0 ? firstStride : 1;
      const width = x.shape.at(-1)!;
      let y = x;
      if (expansion > 1) y = relu6(at("expand"), pointwise(at("expand"), y, width * expansion));
      const depthwise = tf.layers.depthwiseConv2d({ name: at("depthwise"), kernelSize: 3, strides, padding: "same", useBias: false, depthwiseInitializer: kernel() });
      y = relu6(at("depthwise"), norm(at("depthwise"), depthwise.apply(y) as tf.SymbolicTensor));
      y = pointwise(at("project"), y, channels);
      x = strides === 1 && width === channels ? (tf.layers.add({ name: at("add") }).apply([x, y]) as tf.SymbolicTensor) : y;
    }
  }
  x = relu6("last", pointwise("last", x, 1280));
  const pooled = tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x);
  const head = tf.layers.dense({ name: "head", units: classes, activation: "softmax", kernelInitializer: kernel() });
  return tf.model({ name: "mobilenetV2", inputs: images, outputs: head.apply(pooled) as tf.SymbolicTensor });
}

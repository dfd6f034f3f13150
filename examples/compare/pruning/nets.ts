// Two networks for images of 28 × 28 or 32 × 32, small enough to train in seconds. The last layer gives logits; every convolution is without bias and followed by
// batch normalization, whose momentum of 0.9 lets the moving statistics arrive within a hundred steps. Weights by He, the same for a seed.
import * as tf from "@tensorflow/tfjs";
import type { Images } from "../images.js";

export interface NetOptions {
  /** Channels of each stage. */
  readonly widths: readonly number[];
  /** Convolutions, or residual blocks of two, a stage. */
  readonly depth: number;
  readonly seed: number;
  /** Height, width, channels. Default [28, 28, 1]. */
  readonly shape?: Images["shape"];
}

/** A plain chain of 3 × 3 convolutions. Images `"batch height width channels"` to logits `"batch 10"`; the caller disposes the model. */
export function convNet({ widths, depth, seed, shape = [28, 28, 1] }: NetOptions): tf.LayersModel {
  const { convolution, head, relu } = parts(seed);
  const images = tf.input({ shape: [...shape] });
  let x = images;
  for (const [stage, filters] of widths.entries()) {
    for (let i = 0; i < depth; i++) x = relu(convolution(`stage${stage}/conv${i}`, x, filters, i === 0 ? 2 : 1));
  }
  return tf.model({ name: "conv", inputs: images, outputs: head(x) });
}

/** The shape of He et al. 2016, section 4.2, with projections where the size changes, so that channels can be cropped. As `convNet`. */
export function residualNet({ widths, depth, seed, shape = [28, 28, 1] }: NetOptions): tf.LayersModel {
  const { convolution, head, relu } = parts(seed);
  const images = tf.input({ shape: [...shape] });
  let x = relu(convolution("stem", images, widths[0]!, 2));
  for (const [stage, filters] of widths.entries()) {
    for (let block = 0; block < depth; block++) {
      const at = (name: string) => `stage${stage}/block${block}/${name}`;
      const narrows = stage > 0 && block === 0;
      const inner = relu(convolution(at("conv1"), x, filters, narrows ? 2 : 1));
      const skip = narrows ? convolution(at("projection"), x, filters, 2, 1) : x;
      x = relu(tf.layers.add({ name: at("add") }).apply([skip, convolution(at("conv2"), inner, filters)]) as tf.SymbolicTensor);
    }
  }
  return tf.model({ name: "residual", inputs: images, outputs: head(x) });
}

function parts(seed: number) {
  let drawn = 0;
  const kernelInitializer = () => tf.initializers.heNormal({ seed: seed * 1000 + drawn++ });
  return {
    convolution: (name: string, x: tf.SymbolicTensor, filters: number, strides = 1, kernelSize = 3): tf.SymbolicTensor => {
      const layer = tf.layers.conv2d({ name, filters, kernelSize, strides, padding: "same", useBias: false, kernelInitializer: kernelInitializer() });
      return tf.layers.batchNormalization({ name: `${name}/norm`, momentum: 0.9 }).apply(layer.apply(x)) as tf.SymbolicTensor;
    },
    relu: (x: tf.SymbolicTensor) => tf.layers.reLU().apply(x) as tf.SymbolicTensor,
    head: (x: tf.SymbolicTensor) => tf.layers.dense({ name: "head", units: 10, kernelInitializer: kernelInitializer() }).apply(tf.layers.globalAveragePooling2d({ name: "pool" }).apply(x)) as tf.SymbolicTensor,
  };
}

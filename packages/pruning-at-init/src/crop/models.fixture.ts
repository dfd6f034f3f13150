// Models for the tests of cropping.
import * as tf from "@tensorflow/tfjs";

/** Net A of the worked examples: three convolutions, pooling, a dense layer, no biases. */
export function netA({ units = 10 } = {}): tf.LayersModel {
  const conv = (filters: number, strides: number, more: object = {}) => tf.layers.conv2d({ name: `c${filters}`, filters, kernelSize: 3, strides, padding: "same", useBias: false, activation: "relu", ...more });
  return tf.sequential({ layers: [conv(16, 1, { inputShape: [32, 32, 3] }), conv(32, 2), conv(64, 2), tf.layers.globalAveragePooling2d({ name: "pool" }), tf.layers.dense({ name: "fc", units, useBias: false })] });
}

/** ResNet-20 for 32×32 images, basic blocks, a projection where a stage starts. */
export function resnet20({ size = 32, classes = 10 } = {}): tf.LayersModel {
  const conv = (name: string, filters: number, kernelSize: number, strides: number, x: tf.SymbolicTensor) => tf.layers.batchNormalization({ name: `${name}_bn` }).apply(tf.layers.conv2d({ name, filters, kernelSize, strides, padding: "same", useBias: false }).apply(x)) as tf.SymbolicTensor;
  const relu = (x: tf.SymbolicTensor) => tf.layers.reLU().apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [size, size, 3] });
  let x = relu(conv("stem", 16, 3, 1, input));
  for (const [stage, filters] of [16, 32, 64].entries()) {
    for (let block = 0; block < 3; block++) {
      const name = `r${stage + 1}b${block + 1}`;
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const inner = conv(`${name}_c2`, filters, 3, 1, relu(conv(`${name}_c1`, filters, 3, strides, x)));
      const shortcut = strides === 2 ? conv(`${name}_sc`, filters, 1, 2, x) : x;
      x = relu(tf.layers.add().apply([inner, shortcut]) as tf.SymbolicTensor);
    }
  }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: tf.layers.dense({ name: "fc", units: classes }).apply(pooled) as tf.SymbolicTensor });
}

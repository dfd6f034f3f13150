// Three models of the kinds that tfjs' WebAssembly backend cannot train by itself, tiny, with data. A file of its own entry
// ("@warmstart/test-kit/models"), since it is also bundled for browsers.
import * as tf from "@tensorflow/tfjs";

export interface Trainable {
  readonly title: string;
  /** The same weights each time. The caller disposes model and data. */
  readonly build: () => { readonly model: tf.LayersModel; readonly x: tf.Tensor; readonly y: tf.Tensor };
}

type Symbol = tf.SymbolicTensor;

/** Numbers in [-1, 1) that repeat for a seed. */
function values(length: number, seed: number): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const tensor = (shape: number[], seed: number, scale = 1) => tf.tidy(() => tf.mul(tf.tensor(values(tf.util.sizeFromShape(shape), seed), shape), scale));

/** Kernels by their position, of the size that keeps activations alive; biases and normalizations as tfjs starts them. */
function compiled(model: tf.LayersModel, loss: string): tf.LayersModel {
  tf.tidy(() => model.setWeights(model.getWeights().map((weight, i) => (weight.rank < 2 ? weight : tensor(weight.shape, i + 1, Math.sqrt((3 * weight.shape.at(-1)!) / weight.size))))));
  model.compile({ optimizer: "adam", loss }); // at 1e-3
  return model;
}

const normalized = (x: Symbol, relu6 = true): Symbol => {
  const y = tf.layers.batchNormalization().apply(x) as Symbol;
  return relu6 ? (tf.layers.reLU({ maxValue: 6 }).apply(y) as Symbol) : y;
};
const pointwise = (x: Symbol, filters: number): Symbol => tf.layers.conv2d({ filters, kernelSize: 1, useBias: false }).apply(x) as Symbol;

/** Expand, depthwise, project; a residual where shapes allow (Sandler et al. 2018, table 1). */
function invertedResidual(x: Symbol, filters: number, strides: number): Symbol {
  const wide = normalized(pointwise(x, 4 * x.shape[3]!));
  const deep = normalized(tf.layers.depthwiseConv2d({ kernelSize: 3, strides, padding: "same", useBias: false, depthwiseInitializer: "glorotUniform" }).apply(wide) as Symbol);
  const narrow = normalized(pointwise(deep, filters), false);
  return strides === 1 && x.shape[3] === filters ? (tf.layers.add().apply([x, narrow]) as Symbol) : narrow;
}

function mobileNet(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3] });
  let x = normalized(tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: "same", useBias: false }).apply(input) as Symbol);
  for (const [filters, strides] of [[8, 1], [12, 2], [12, 1]] as const) x = invertedResidual(x, filters, strides);
  const pooled = tf.layers.globalAveragePooling2d({}).apply(normalized(pointwise(x, 24)));
  return tf.model({ inputs: input, outputs: tf.layers.dense({ units: 5, activation: "softmax" }).apply(pooled) as Symbol });
}

/** Down by pooling, up by transposed convolutions, across by concatenation (Ronneberger et al. 2015, figure 1). */
function uNet(): tf.LayersModel {
  const twice = (x: Symbol, filters: number) => [0, 1].reduce((y) => tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", activation: "relu" }).apply(y) as Symbol, x);
  const input = tf.input({ shape: [16, 16, 2] });
  const across: Symbol[] = [];
  let x = input;
  for (const filters of [4, 8]) {
    across.push(twice(x, filters));
    x = tf.layers.maxPooling2d({ poolSize: 2 }).apply(across.at(-1)!) as Symbol;
  }
  x = twice(x, 12);
  for (const skip of across.toReversed()) {
    const filters = skip.shape[3]!;
    const up = tf.layers.conv2dTranspose({ filters, kernelSize: 2, strides: 2, padding: "same" }).apply(x) as Symbol;
    x = twice(tf.layers.concatenate().apply([skip, up]) as Symbol, filters);
  }
  return tf.model({ inputs: input, outputs: tf.layers.conv2d({ filters: 1, kernelSize: 1, activation: "sigmoid" }).apply(x) as Symbol });
}

function recurrent(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.embedding({ inputDim: 13, outputDim: 6, inputLength: 7 }), tf.layers.lstm({ units: 8 }), tf.layers.dense({ units: 4, activation: "softmax" })] });
}

const classes = (count: number, kinds: number) => tf.oneHot(tf.tensor1d(Array.from({ length: count }, (_, i) => i % kinds), "int32"), kinds);

export const trainables: readonly Trainable[] = [
  {
    title: "a MobileNetV2-shaped model",
    build: () => ({ model: compiled(mobileNet(), "categoricalCrossentropy"), x: tensor([10, 16, 16, 3], 91), y: tf.tidy(() => classes(10, 5)) }),
  },
  {
    title: "a U-Net-shaped model",
    build: () => ({ model: compiled(uNet(), "binaryCrossentropy"), x: tensor([6, 16, 16, 2], 92), y: tf.tidy(() => tf.cast(tf.greater(tensor([6, 16, 16, 1], 93), 0.4), "float32")) }),
  },
  {
    title: "an embedding and an LSTM",
    build: () => ({ model: compiled(recurrent(), "categoricalCrossentropy"), x: tf.tensor2d(Array.from({ length: 12 * 7 }, (_, i) => (i * i + 3 * i) % 13), [12, 7], "int32"), y: tf.tidy(() => classes(12, 4)) }),
  },
];

// How often a layer multiplies by each of its kernel weights, for one example: multiply-adds = size · times.
import type { layers } from "@tensorflow/tfjs-layers";
import type { OpenShape } from "./tensor-shapes.js";

/** A kernel, or (Dot) a product of two inputs without one. */
export interface KernelUse {
  /** Last part of the weight's name: "depthwise_kernel". Empty without a weight. */
  readonly weight: string;
  readonly size: number;
  /** Uses of each entry; NaN where a size that matters is open. */
  readonly times: number;
}

type Rule = (layer: layers.Layer, inputs: readonly OpenShape[], output: OpenShape) => KernelUse[];

const product = (sizes: OpenShape): number => sizes.reduce<number>((total, size) => total * (size ?? NaN), 1);
const channelsFirst = (layer: layers.Layer) => layer.getConfig().dataFormat === "channelsFirst";
/** Entries of a tensor without batch and channels. */
const positions = (layer: layers.Layer, shape: OpenShape) => product(channelsFirst(layer) ? shape.slice(2) : shape.slice(1, -1));

/** Kernels by name, as often as `times` says. */
function kernels(layer: layers.Layer, times: number): KernelUse[] {
  return layer.weights
    .map(({ originalName, shape }) => ({ weight: originalName.split("/").at(-1)!, size: product(shape), times }))
    .filter(({ weight }) => /(^|_)kernel$/.test(weight));
}

const atOutputs: Rule = (layer, _, output) => kernels(layer, positions(layer, output));
const everyStep: Rule = (layer, inputs) => kernels(layer, inputs[0]![1] ?? NaN);

/** Layers without a product of numbers, or with element-wise ones only, which are not counted: batch norm folds into the kernel before it. */
const free =
  "InputLayer Embedding BatchNormalization LayerNormalization Activation ReLU LeakyReLU PReLU ELU ThresholdedReLU Softmax " +
  "Dropout SpatialDropout1D GaussianNoise GaussianDropout AlphaDropout Masking Flatten Reshape Permute " +
  "RepeatVector AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D " +
  "GlobalMaxPooling2D ZeroPadding2D Cropping2D UpSampling2D Rescaling Resizing CenterCrop RandomWidth CategoryEncoding Add Average Maximum Minimum Multiply Concatenate";

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(free.split(" ").map((name): [string, Rule] => [name, () => []])),
  ...Object.fromEntries(["Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D"].map((name): [string, Rule] => [name, atOutputs])),
  // Every input position spreads a whole kernel; what "same" padding cuts off afterwards was computed.
  ...Object.fromEntries(["Conv2DTranspose", "Conv3DTranspose"].map((name): [string, Rule] => [name, (layer, inputs) => kernels(layer, positions(layer, inputs[0]!))])),
  Dense: (layer, inputs) => kernels(layer, product(inputs[0]!.slice(1, -1))),
  ...Object.fromEntries(["SimpleRNN", "GRU", "LSTM", "RNN"].map((name): [string, Rule] => [name, everyStep])),
  // Both kernels pass over the image of every step; the recurrent one is "same" over the output.
  ConvLSTM2D: (layer, inputs, output) => kernels(layer, (inputs[0]![1] ?? NaN) * product(channelsFirst(layer) ? output.slice(-2) : output.slice(-3, -1))),
  Bidirectional: everyStep,
  TimeDistributed: (layer, inputs, output) => {
    const inner = (layer as layers.Layer & { readonly layer: layers.Layer }).layer;
    const step = ([batch, , ...rest]: OpenShape): OpenShape => [batch ?? null, ...rest];
    const steps = inputs[0]![1] ?? NaN;
    return rules[inner.getClassName()]?.(inner, inputs.map(step), step(output)).map((use) => ({ ...use, times: use.times * steps })) ?? [];
  },
  Dot: (layer, inputs, output) => {
    const { axes } = layer.getConfig() as { axes: number | [number, number] };
    const axis = Array.isArray(axes) ? axes[0] : axes;
    return [{ weight: "", size: 1, times: product(output.slice(1)) * (inputs[0]!.at(axis) ?? NaN) }];
  },
};

/** The kernels that one call of a layer uses, or undefined for a class whose arithmetic is not known. */
export function kernelUses(layer: layers.Layer, inputs: readonly OpenShape[], output: OpenShape): KernelUse[] | undefined {
  const name = layer.getClassName();
  if (name === "TimeDistributed" && rules[(layer as layers.Layer & { readonly layer: layers.Layer }).layer.getClassName()] === undefined) return undefined;
  return rules[name]?.(layer, inputs, output);
}

// What each class of layers does with the channel axis (always the last one) of the tensors that it reads.
import type { layers } from "@tensorflow/tfjs-layers";
import type { OpenShape } from "../cost/tensor-shapes.js";
import { joined, repeated, tiled, type ChannelAxis } from "./channel-axis.js";
import type { ChannelClasses } from "./channel-classes.js";

interface RuleInput {
  readonly path: string;
  readonly layer: layers.Layer;
  readonly config: Readonly<Record<string, unknown>>;
  readonly classes: ChannelClasses;
  readonly inputs: readonly ChannelAxis[];
  readonly inputShapes: readonly OpenShape[];
  readonly outputShape: OpenShape;
}

export interface RuleResult {
  readonly output: ChannelAxis;
  /** Axes with channels, by the weight's name; -1 is the last. */
  readonly weights?: Readonly<Record<string, readonly (readonly [axis: number, channels: ChannelAxis])[]>>;
}

/** A string says why the rule does not apply: the channels on both sides are then left as they are. */
type Rule = (input: RuleInput) => RuleResult | string;

const same: Rule = ({ config, inputs }) => (config.dataFormat === "channelsFirst" ? "channels first" : { output: inputs[0]! });

/** Outputs a channel, from the weight: tfjs 4.22 leaves the option out of a separable layer's configuration. */
const depthMultiplier = (layer: layers.Layer): number => layer.weights.find(({ originalName }) => originalName.endsWith("depthwise_kernel"))!.shape[3]!;

/** Layers that make new channels. */
const producer = (weights: (input: ChannelAxis, output: ChannelAxis, layer: layers.Layer) => NonNullable<RuleResult["weights"]>): Rule => ({ path, layer, config, classes, inputs, outputShape }) => {
  if (config.dataFormat === "channelsFirst") return "channels first";
  const output = classes.create(outputShape.at(-1)!, { layer: path });
  return { output, weights: { bias: [[0, output]], ...weights(inputs[0]!, output, layer) } };
};

const convolution = producer((input, output) => ({ kernel: [[-2, input], [-1, output]] }));
const transposed = producer((input, output) => ({ kernel: [[-2, output], [-1, input]] }));
const dense = producer((input, output) => ({ kernel: [[0, input], [1, output]] }));
const separable = producer((input, output, layer) => ({ depthwise_kernel: [[2, input]], pointwise_kernel: [[2, repeated(input, depthMultiplier(layer))], [3, output]] }));

const depthwise: Rule = ({ path, layer, config, classes, inputs: [input] }) => {
  if (config.dataFormat === "channelsFirst") return "channels first";
  classes.addProducer(input!, path);
  const output = repeated(input!, depthMultiplier(layer));
  return { output, weights: { depthwise_kernel: [[2, input!]], bias: [[0, output]] } };
};

/** Vectors with one entry a channel. */
const normalization: Rule = ({ config, inputs: [input], inputShapes }) => {
  const rank = inputShapes[0]!.length;
  const axes = [config.axis as number | number[]].flat().map((axis) => (axis < 0 ? axis + rank : axis));
  if (!axes.includes(rank - 1)) return { output: input! };
  if (axes.length > 1) return "normalizes over several axes";
  const vector = [[0, input!]] as const;
  return { output: input!, weights: { gamma: vector, beta: vector, moving_mean: vector, moving_variance: vector } };
};

const prelu: Rule = ({ layer, inputs: [input], inputShapes }) => {
  const shared = layer.weights[0]?.shape.at(-1) !== inputShapes[0]!.at(-1);
  return shared ? { output: input! } : { output: input!, weights: { alpha: [[-1, input!]] } };
};

const sum: Rule = ({ path, layer, classes, inputs, inputShapes, outputShape }) => {
  const width = outputShape.at(-1);
  const full = inputs.filter((_, i) => inputShapes[i]!.at(-1) === width);
  // One channel that is spread over many stays one.
  for (const input of inputs) if (!full.includes(input)) classes.fix(input, `spread over channels by "${path}"`);
  for (const input of full.slice(1)) {
    if (!classes.unify(full[0]!, input, `"${path}" combines channels that do not line up`)) return `${layer.getClassName()} of channels that do not line up`;
  }
  return { output: full[0]! };
};

const concatenate: Rule = (input) => {
  const { config, inputs, inputShapes } = input;
  const axis = config.axis as number;
  const last = axis === -1 || axis === inputShapes[0]!.length - 1;
  return last ? { output: joined(inputs) } : sum(input);
};

const flatten: Rule = ({ config, inputs: [input], inputShapes }) => {
  if (config.dataFormat === "channelsFirst") return "channels first";
  const positions = inputShapes[0]!.slice(1, -1).reduce<number>((total, size) => total * (size ?? NaN), 1);
  const output = Number.isNaN(positions) ? undefined : tiled(input!, positions);
  return output === undefined ? "flattens an open or an already flattened size" : { output };
};

/** Keeps the channels last, or flattens all positions into them. */
const reshape: Rule = (input) => {
  const [shape, target] = [input.inputShapes[0]!, input.outputShape];
  if (shape.at(-1) === target.at(-1)) return { output: input.inputs[0]! };
  return target.length === 2 ? flatten(input) : "takes channels apart";
};

const permute: Rule = ({ config, inputs: [input], inputShapes }) => ((config.dims as number[]).at(-1) === inputShapes[0]!.length - 1 ? { output: input! } : "moves the channels to another axis");

const named = (names: readonly string[], rule: Rule) => Object.fromEntries(names.map((name): [string, Rule] => [name, rule]));

export const channelRules: Readonly<Record<string, Rule>> = {
  ...named(["Conv1D", "Conv2D", "Conv3D"], convolution),
  ...named(["Conv2DTranspose", "Conv3DTranspose"], transposed),
  SeparableConv2D: separable,
  DepthwiseConv2D: depthwise,
  Dense: dense,
  ...named(["BatchNormalization", "LayerNormalization"], normalization),
  PReLU: prelu,
  ...named(["Activation", "ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Masking", "Rescaling", "Resizing", "CenterCrop", "RandomWidth", "RepeatVector"], same),
  ...named(["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D"], same),
  ...named(["Add", "Average", "Maximum", "Minimum", "Multiply"], sum),
  Concatenate: concatenate,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
};

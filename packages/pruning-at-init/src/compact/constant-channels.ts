// Which channels of which tensors are one number, whatever the input: what is left of a unit without incoming weights.
import type { LayerCall } from "@warmstart/init-core";
import { activationValue } from "./activation-value.js";
import type { HostWeight } from "./host-weights.js";
import type { Mixing } from "./mixing.js";

/** The number that a channel is at every position of every sample; NaN for a channel that is none. */
export type Constants = Float64Array;

export interface ConstantsInput {
  readonly call: LayerCall;
  readonly config: Readonly<Record<string, unknown>>;
  /** Of each input of the call. */
  readonly inputs: readonly Constants[];
  readonly mixing: Mixing | undefined;
  readonly weight: (name: string) => HostWeight | undefined;
}

type Rule = (input: ConstantsInput) => Constants;

const unknown = ({ call: { outputShapes } }: ConstantsInput): Constants => new Float64Array(outputShapes[0]!.at(-1) ?? 0).fill(NaN);

/** Positions flattened into the channels repeat them. */
const same: Rule = ({ call: { outputShapes }, inputs: [input] }) => Float64Array.from({ length: outputShapes[0]!.at(-1) ?? 0 }, (_, i) => input![i % input!.length]!);

/** Zeros stay zeros; other numbers may not, at borders. */
const zeros: Rule = (input) => same(input).map((value) => (value === 0 ? 0 : NaN));

const elementwise = (f: (x: number, config: ConstantsInput["config"]) => number): Rule => (input) => same(input).map((value) => f(value, input.config));

const number = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);

const activation = elementwise((x, { activation: name }) => activationValue(name, x));
const relu = elementwise((x, { maxValue }) => Math.min(number(maxValue, Infinity), Math.max(0, x)));
const leaky = elementwise((x, { alpha }) => (x >= 0 ? x : x * number(alpha, 0.3)));
const elu = elementwise((x, { alpha }) => (x >= 0 ? x : number(alpha, 1) * Math.expm1(x)));
const thresholded = elementwise((x, { theta }) => (Number.isNaN(x) ? NaN : x > number(theta, 1) ? x : 0));
const prelu = elementwise((x) => (x >= 0 ? x : NaN));

/** A channel that is spread over others counts for each. */
const combined = (f: (values: readonly number[]) => number): Rule => ({ call: { outputShapes }, inputs }) => Float64Array.from({ length: outputShapes[0]!.at(-1) ?? 0 }, (_, i) => f(inputs.map((input) => input[input.length === 1 ? 0 : i]!)));

const sum = combined((values) => values.reduce((a, b) => a + b));
const average = combined((values) => values.reduce((a, b) => a + b) / values.length);
const product = combined((values) => (values.includes(0) ? 0 : values.reduce((a, b) => a * b)));
const equal = combined((values) => (values.every((value) => value === values[0]) ? values[0]! : NaN));

const concatenate: Rule = (input) => {
  const { inputs, config, call } = input;
  const axis = config.axis as number;
  if (axis !== -1 && axis !== call.inputShapes[0]!.length - 1) return equal(input);
  return Float64Array.from(inputs.flatMap((channels) => [...channels]));
};

const normalization: Rule = (input) => {
  const { config, call, weight } = input;
  const axes = [config.axis as number | number[]].flat().map((axis) => (axis < 0 ? axis + call.inputShapes[0]!.length : axis));
  if (axes.length > 1 || axes[0] !== call.inputShapes[0]!.length - 1) return unknown(input);
  const [gamma, beta, mean, variance] = ["gamma", "beta", "moving_mean", "moving_variance"].map((name) => weight(name)?.values);
  return same(input).map((x, i) => ((x - mean![i]!) / Math.sqrt(variance![i]! + (config.epsilon as number))) * (gamma?.[i] ?? 1) + (beta?.[i] ?? 0));
};

/** The sum of what an output reads, bias and activation. */
function mixed({ config, inputs: [input], mixing, weight }: ConstantsInput): Constants {
  const { inputs, outputs, reads, total, padded } = mixing!;
  const bias = weight("bias")?.values;
  return Float64Array.from({ length: outputs }, (_, output) => {
    let value = bias?.[output] ?? 0;
    for (let i = 0; i < inputs; i++) {
      if (reads[i * outputs + output] === 0 || input![i] === 0) continue;
      if (padded || Number.isNaN(input![i])) return NaN;
      value += input![i]! * total(i, output);
    }
    return activationValue(config.activation, value);
  });
}

function depthwise({ config, inputs: [input], weight }: ConstantsInput): Constants {
  const { shape, values, mask } = weight("depthwise_kernel")!;
  const [channels, multiplier] = shape.slice(-2) as [number, number];
  const [size, bias] = [channels * multiplier, weight("bias")?.values];
  const padded = config.padding !== "valid" && values.length > size;
  return Float64Array.from({ length: size }, (_, output) => {
    const x = input![Math.floor(output / multiplier)]!;
    let [total, read] = [0, false];
    for (let i = output; i < values.length; i += size) {
      total += values[i]!;
      read ||= mask?.[i] !== 0;
    }
    if (read && x !== 0 && (padded || Number.isNaN(x))) return NaN;
    return activationValue(config.activation, (read && x !== 0 ? x * total : 0) + (bias?.[output] ?? 0));
  });
}

const named = (names: readonly string[], rule: Rule) => Object.fromEntries(names.map((name): [string, Rule] => [name, rule]));

const rules: Readonly<Record<string, Rule>> = {
  ...named(["Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose", "SeparableConv2D"], mixed),
  DepthwiseConv2D: depthwise,
  BatchNormalization: normalization,
  Activation: activation,
  ReLU: relu,
  LeakyReLU: leaky,
  ELU: elu,
  ThresholdedReLU: thresholded,
  PReLU: prelu,
  ...named(["Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "RepeatVector", "Flatten", "Reshape", "Permute", "Cropping2D", "UpSampling2D"], same),
  ...named(["MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"], same),
  ...named(["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "ZeroPadding2D", "Masking", "Resizing", "CenterCrop"], zeros),
  Add: sum,
  Average: average,
  Maximum: combined((values) => Math.max(...values)),
  Minimum: combined((values) => Math.min(...values)),
  Multiply: product,
  Concatenate: concatenate,
};

/** The constants of a call's output, in inference. Of layers that are not known here none. */
export function constantsOf(input: ConstantsInput, supported: boolean): Constants {
  const rule = supported ? rules[input.call.layer.getClassName()] : undefined;
  return (rule ?? unknown)(input);
}

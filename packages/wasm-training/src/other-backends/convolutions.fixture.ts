// Convolutions, plain, depthwise and transposed, forward and backward.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { convolutions as anyConvolutions, kernel, type Convolution } from "../kernels/convolution.fixture.js";
import { each, filled, gradients, type Group } from "./comparison.fixture.js";

type ConvPad = "same" | "valid" | number;

const infoOf = ({ inShape, filterShape, strides, dilations, pad, depthwise }: Convolution) => tf.backend_util.computeConv2DInfo(inShape, filterShape, strides, dilations, pad, undefined, depthwise);
const forward = ({ strides, pad, dilations, depthwise }: Convolution, rounding?: "floor" | "round" | "ceil") => (x: tf.Tensor, filter: tf.Tensor) => (depthwise ? tf.depthwiseConv2d : tf.conv2d)(x as tf.Tensor4D, filter as tf.Tensor4D, strides, pad as ConvPad, "NHWC", dilations, rounding);
const inputs = ({ inShape, filterShape }: Convolution): [tf.Tensor, tf.Tensor] => [filled(inShape, 1), filled(filterShape, 2)];

const areOnes = (numbers: readonly number[]) => numbers.every((number) => number === 1);
/** What tfjs' operations take: strides or dilations, not both. */
const operations = (depthwise: boolean) => anyConvolutions(depthwise).filter(({ strides, dilations }) => areOnes(strides) || areOnes(dilations));
const isPadded = ({ pad }: Convolution) => typeof pad === "number";
const isNamedOrListed = (convolution: Convolution) => !isPadded(convolution);
const isDilated = ({ dilations }: Convolution) => !areOnes(dilations);
const isEven = ({ strides }: Convolution) => strides[0] === strides[1];
const isUneven = (convolution: Convolution) => !isEven(convolution);
/** Now and then a batch of none. */
const orEmpty = (convolutions: fc.Arbitrary<Convolution>) => fc.tuple(convolutions, fc.integer({ min: 0, max: 9 })).map(([convolution, batch]): Convolution => (batch > 0 ? convolution : { ...convolution, inShape: [0, convolution.inShape[1], convolution.inShape[2], convolution.inShape[3]] }));

const fused = fc.record({ activation: fc.constantFrom<"linear" | "relu" | "relu6" | "elu" | "sigmoid" | "leakyrelu">("linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu"), withBias: fc.boolean() });
type Fused = typeof fused extends fc.Arbitrary<infer T> ? T : never;
const fusedCase = ([convolution, { activation, withBias }]: [Convolution, Fused]) => () => {
  const [x, filter] = inputs(convolution) as [tf.Tensor4D, tf.Tensor4D];
  const { strides, pad, dilations, depthwise } = convolution;
  const bias = withBias ? { bias: filled([infoOf(convolution).outChannels], 3) as tf.Tensor1D } : {};
  return (depthwise ? tf.fused.depthwiseConv2d : tf.fused.conv2d)({ x, filter, strides, pad: pad as ConvPad, dilations, activation, leakyreluAlpha: 0.3, ...bias });
};

/** The same by what all backends have: without padding or dilation, of an image with zeros around it and a filter with zeros in its holes. */
const composed = (convolution: Convolution) => (x: tf.Tensor, filter: tf.Tensor) => {
  const { top, bottom, left, right } = infoOf(convolution).padInfo;
  const around = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]]);
  return (convolution.depthwise ? tf.depthwiseConv2d : tf.conv2d)(around as tf.Tensor4D, withHoles(filter, convolution.dilations) as tf.Tensor4D, convolution.strides, "valid");
};

function withHoles(filter: tf.Tensor, [down, across]: [number, number]): tf.Tensor {
  const [height, width, ...channels] = filter.shape as [number, number, number, number];
  const apart = tf.reshape(tf.pad(tf.reshape(filter, [height, 1, width, 1, channels[0] * channels[1]]), [[0, 0], [0, down - 1], [0, 0], [0, across - 1], [0, 0]]), [height * down, width * across, ...channels]);
  return tf.slice(apart, [0, 0, 0, 0], [(height - 1) * down + 1, (width - 1) * across + 1, ...channels]);
}

/** The gradients of any convolution, by the kernels. */
function backward(convolution: Convolution) {
  const { inShape, filterShape, depthwise, strides, dilations, pad } = convolution;
  const name = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  const dy = () => filled(infoOf(convolution).outShape, 3);
  const ours = () => {
    const [x, filter] = inputs(convolution);
    return [kernel(`${name}BackpropInput`, { dy: dy(), filter }, { strides, dilations, pad, inputShape: inShape }), kernel(`${name}BackpropFilter`, { x, dy: dy() }, { strides, dilations, pad, filterShape })];
  };
  return { ours, theirs: () => tf.grads(composed(convolution) as (...given: tf.Tensor[]) => tf.Tensor)(inputs(convolution), dy()) };
}

const roundings = fc.constantFrom<"floor" | "round" | "ceil" | undefined>("floor", "round", "ceil", undefined);
const apply = (convolution: Convolution) => () => forward(convolution)(...inputs(convolution));
const asTfjs = (convolution: Convolution) => () => gradients(forward(convolution) as never, inputs(convolution));
const number = "it does not pad by a number, and for 0 finds another width where the filter is not square";
const uneven = "its depthwise convolutions have one stride for both axes";

export const convolutions: readonly Group[] = [
  {
    title: "convolutions, strides and dilations by axis, padding by name and by side",
    covers: ["Conv2D"],
    cases: each(orEmpty(operations(false)).filter(isNamedOrListed), apply),
  },
  {
    title: "convolutions padded by a number, rounded down, up or to the nearest",
    covers: ["Conv2D"],
    cases: each(fc.tuple(operations(false).filter(isPadded), roundings), ([c, rounding]) => () => forward(c, rounding)(...inputs(c))),
    lacking: { tensorflow: number },
  },
  {
    title: "fused convolutions with bias and activation",
    covers: ["FusedConv2D"],
    cases: each(fc.tuple(operations(false).filter(isNamedOrListed), fused), fusedCase),
  },
  {
    title: "gradients of convolutions as tfjs takes them",
    covers: ["Conv2DBackpropInput", "Conv2DBackpropFilter"],
    cases: each(operations(false).filter((c) => !isDilated(c) && typeof c.pad === "string"), asTfjs),
  },
  {
    title: "gradients of convolutions, strides and dilations by axis, padding by name and by side",
    covers: ["Conv2DBackpropInput", "Conv2DBackpropFilter"],
    cases: each(orEmpty(anyConvolutions(false)).filter(isNamedOrListed), backward),
  },
  {
    title: "transposed convolutions",
    covers: ["Conv2DBackpropInput"],
    cases: each(operations(false).filter((c) => !isDilated(c) && typeof c.pad === "string"), (c) => () => tf.conv2dTranspose(filled(infoOf(c).outShape, 1) as tf.Tensor4D, filled(c.filterShape, 2) as tf.Tensor4D, c.inShape, c.strides, c.pad as "same")),
  },
  {
    title: "depthwise convolutions, padding by name and by side",
    covers: ["DepthwiseConv2dNative"],
    cases: each(orEmpty(operations(true)).filter((c) => isNamedOrListed(c) && isEven(c) && !isDilated(c)), apply),
  },
  {
    title: "dilated depthwise convolutions, padding by name and by side, which stay with the backend",
    covers: [],
    cases: each(operations(true).filter((c) => isNamedOrListed(c) && isDilated(c)), (c) => ({ ours: apply(c), theirs: () => composed(c)(...inputs(c)) })),
  },
  {
    title: "depthwise convolutions, strides by axis",
    covers: ["DepthwiseConv2dNative"],
    cases: each(operations(true).filter((c) => isNamedOrListed(c) && isUneven(c)), apply),
    lacking: { tensorflow: uneven },
  },
  {
    title: "depthwise convolutions padded by a number, rounded down, up or to the nearest",
    covers: ["DepthwiseConv2dNative"],
    cases: each(fc.tuple(operations(true).filter(isPadded), roundings), ([c, rounding]) => () => forward(c, rounding)(...inputs(c))),
    lacking: { tensorflow: number },
  },
  {
    title: "fused depthwise convolutions with bias and activation",
    covers: ["FusedDepthwiseConv2D"],
    cases: each(fc.tuple(operations(true).filter((c) => isNamedOrListed(c) && isEven(c) && !isDilated(c)), fused), fusedCase),
  },
  {
    title: "gradients of depthwise convolutions as tfjs takes them",
    covers: ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"],
    cases: each(operations(true).filter((c) => !isDilated(c) && typeof c.pad === "string" && isEven(c)), asTfjs),
  },
  {
    title: "gradients of depthwise convolutions, strided and dilated, padding by name and by side",
    covers: ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"],
    cases: each(anyConvolutions(true).filter((c) => isNamedOrListed(c) && isEven(c)), backward),
  },
  {
    title: "gradients of depthwise convolutions, strides by axis, batches of none",
    covers: ["DepthwiseConv2dNativeBackpropInput", "DepthwiseConv2dNativeBackpropFilter"],
    cases: each(orEmpty(anyConvolutions(true)).filter((c) => isNamedOrListed(c) && isUneven(c)), backward),
    lacking: { tensorflow: `${uneven}, and leave the filter's gradient unset for an empty batch` },
  },
];

// What a kernel makes of its input: the layer's output before its activation, computed from the site alone.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import type { Network, Site, Windows } from "./network.js";

/**
 * The output of the layer at `site` before its activation, kernel and bias as they are now: channels last, a dense layer's rows
 * with all leading axes flattened. Undefined for kinds that are not known (transposed and 3-D convolutions). For a separable
 * convolution after both of its steps; adapters on a layer are not counted.
 *
 * @param input what `onInput` saw; it stays the caller's.
 * @returns the caller disposes it.
 */
export function siteOutput(network: Network, site: Site, input: Tensor): Tensor | undefined {
  if (site.kind === "other") return undefined;
  return tf.tidy(() => {
    const linear = product(network, site, input);
    const bias = site.kind === "embedding" ? undefined : ofLayer(network, site, "bias");
    return bias === undefined ? linear : tf.add(linear, bias.variable);
  });
}

const ofLayer = (network: Network, { layer }: Site, role: "bias" | "pointwise-kernel") => network.parameters.find((parameter) => parameter.layer === layer && parameter.role === role);

function product(network: Network, site: Site, input: Tensor): Tensor {
  const kernel = site.kernel.variable;
  switch (site.kind) {
    case "embedding":
      return tf.gather(kernel, tf.cast(input, "int32"));
    case "conv1d":
      return convolve1d(input, kernel as Tensor as Tensor3D, site.windows ?? {});
    case "conv2d":
    case "depthwise-conv2d":
      return convolve2d(network, site, input, site.windows ?? {});
    default:
      return tf.matMul(tf.reshape(input, [-1, kernel.shape[0]!]) as Tensor2D, kernel as Tensor as Tensor2D);
  }
}

/** One batch axis before the last `axes`: TimeDistributed has two. */
const batched = (input: Tensor, axes: number): Tensor => tf.reshape(input, [-1, ...input.shape.slice(-axes)]);

function convolve1d(input: Tensor, kernel: Tensor3D, { strides: [stride = 1] = [], padding = "valid", dilations: [dilation = 1] = [], channelsFirst }: Windows): Tensor {
  const x = (channelsFirst ? tf.transpose(batched(input, 2), [0, 2, 1]) : batched(input, 2)) as Tensor3D;
  const padded = padding === "causal" ? (tf.pad(x, [[0, 0], [dilation * (kernel.shape[0] - 1), 0], [0, 0]]) as Tensor3D) : x;
  return tf.conv1d(padded, kernel, stride, padding === "causal" ? "valid" : padding, "NWC", dilation);
}

function convolve2d(network: Network, site: Site, input: Tensor, { strides = [1, 1], padding = "valid", dilations = [1, 1], channelsFirst }: Windows): Tensor {
  const x = (channelsFirst ? tf.transpose(batched(input, 3), [0, 2, 3, 1]) : batched(input, 3)) as Tensor4D;
  const kernel = site.kernel.variable as Tensor as Tensor4D;
  const pad = padding === "same" ? "same" : "valid"; // "causal" is for one axis
  const [stride, dilation] = [strides, dilations].map(([a = 1, b = a]): [number, number] => [a, b]) as [[number, number], [number, number]];
  if (site.kind === "conv2d") return tf.conv2d(x, kernel, stride, pad, "NHWC", dilation);
  const depthwise = tf.depthwiseConv2d(x, kernel, stride, pad, "NHWC", dilation);
  const pointwise = ofLayer(network, site, "pointwise-kernel");
  return pointwise === undefined ? depthwise : tf.conv2d(depthwise, pointwise.variable as Tensor as Tensor4D, 1, "valid");
}

/** The input's units in columns, `"rows units"`: channels, or a dense layer's features. The caller disposes it. */
export function unitColumns(site: Site, input: Tensor): Tensor2D {
  return tf.tidy(() => {
    if (site.windows?.channelsFirst !== true) return tf.reshape(input, [-1, input.shape.at(-1)!]) as Tensor2D;
    const [channels, ...space] = input.shape.slice(site.kind === "conv1d" ? -2 : -3) as [number, ...number[]];
    const flat = tf.reshape(input, [-1, channels, space.reduce((product, size) => product * size, 1)]);
    return tf.reshape(tf.transpose(flat, [0, 2, 1]), [-1, channels]) as Tensor2D;
  });
}

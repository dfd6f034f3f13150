// Convolutions: dilated ones, which tfjs cannot differentiate, plain, depthwise and fused. A filter with holes of d pixels sees every d-th
// pixel, so that the convolution is an ordinary one on the d·d images that consist of every d-th pixel (`spaceToBatchND`); its
// gradients are the ordinary ones there. Nothing is computed for the holes. Strides are 1 wherever there is dilation: tfjs demands it.
import * as tf from "@tensorflow/tfjs-core";
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import { fusedKey, type Entry, type FusedGradient } from "../gradient.js";
import { runKernel } from "../kernel.js";

type Two = readonly [number, number];
type ExplicitPad = [Two, Two, Two, Two];
interface ConvAttrs {
  readonly strides: number | [number, number];
  readonly dilations?: number | [number, number] | null;
  readonly pad: "same" | "valid" | number | ExplicitPad;
  readonly dataFormat?: "NHWC" | "NCHW";
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}
type BothGradients = ReturnType<NonNullable<FusedGradient>>;
type Backward = (x: Tensor, filter: Tensor, dy: Tensor, attrs: ConvAttrs) => NonNullable<BothGradients>;

/** From this size of dy on a forward convolution of TensorFlow's CPU kernels is no slower than the backward one, from four times that on it takes a third to two thirds of the time; below it takes longer. */
const largeForNative = 1 << 17;

/** The backward one multiplies each image by the whole filter by itself, and reads the filter from memory each time: for many images of few pixels it takes up to fourteen times as long (with oneDNN half as long). */
const fewPixels = 16;
const manyImages = 8;

/** Whether the gradient of the image is dy convolved with the filter turned round, and faster so. */
function turnsRound(filter: Tensor, dy: Tensor, { strides, pad, dataFormat }: ConvAttrs): boolean {
  const odd = filter.shape[0]! % 2 === 1 && filter.shape[1]! % 2 === 1;
  const [images, rows, columns] = dy.shape as [number, number, number];
  const pays = dy.size >= largeForNative || (images >= manyImages && rows * columns <= fewPixels);
  return tf.getBackend() === "tensorflow" && pays && odd && pad === "same" && dataFormat !== "NCHW" && [strides].flat().every((stride) => stride === 1);
}

const turnedRound = (filter: Tensor): Tensor4D => tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;

/** The gradients of an ordinary convolution. */
const plain: Backward = (x, filter, dy, attrs) => ({
  x: () => (turnsRound(filter, dy, attrs) ? tf.conv2d(dy as Tensor4D, turnedRound(filter), 1, "same") : imageGradient(x, filter, dy, attrs)),
  filter: () => filterGradient(x, filter, dy, attrs),
});

const imageGradient = (x: Tensor, filter: Tensor, dy: Tensor, { strides, pad, dataFormat = "NHWC", dimRoundingMode }: ConvAttrs) => runKernel("Conv2DBackpropInput", { dy, filter }, { strides, pad, dataFormat, dimRoundingMode, inputShape: x.shape });
const filterGradient = (x: Tensor, filter: Tensor, dy: Tensor, { strides, pad, dataFormat = "NHWC", dimRoundingMode }: ConvAttrs) => runKernel("Conv2DBackpropFilter", { x, dy }, { strides, pad, dataFormat, dimRoundingMode, filterShape: filter.shape });

const depthwise: Backward = (x, filter, dy, { strides, pad, dimRoundingMode }) => ({
  x: () => runKernel("DepthwiseConv2dNativeBackpropInput", { dy, filter }, { strides, pad, dimRoundingMode, dilations: [1, 1], inputShape: x.shape }),
  filter: () => runKernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { strides, pad, dimRoundingMode, dilations: [1, 1], filterShape: filter.shape }),
});

function dilationsOf({ dilations }: ConvAttrs): [number, number] {
  return typeof dilations === "object" && dilations !== null ? dilations : [dilations ?? 1, dilations ?? 1];
}

const gradients = (backward: Backward, isDepthwise: boolean): Backward => (x, filter, dy, attrs) => {
  const block = dilationsOf(attrs);
  if (block.every((d) => d === 1)) return backward(x, filter, dy, attrs);
  if (attrs.dataFormat === "NCHW") {
    const inner = gradients(backward, isDepthwise)(tf.transpose(x, [0, 2, 3, 1]), filter, tf.transpose(dy, [0, 2, 3, 1]), { ...attrs, dataFormat: "NHWC", pad: channelsLast(attrs.pad) });
    return { x: () => tf.transpose(inner.x(), [0, 3, 1, 2]), filter: inner.filter };
  }
  const { padInfo, ...info } = tf.backend_util.computeConv2DInfo(x.shape as Tensor4D["shape"], filter.shape as Tensor4D["shape"], 1, block, attrs.pad as "same", attrs.dimRoundingMode, isDepthwise);
  // The padded image is extended to whole blocks, and to what the output reads; the output by what a valid convolution of that gives more.
  const [rows, columns] = [0, 1].map((axis) => {
    const before = [padInfo.top, padInfo.left][axis]!;
    const within = before + [info.inHeight, info.inWidth][axis]!;
    const given = [info.outHeight, info.outWidth][axis]!;
    const reach = (filter.shape[axis]! - 1) * block[axis]!;
    const whole = Math.ceil(Math.max(within + [padInfo.bottom, padInfo.right][axis]!, given + reach) / block[axis]!) * block[axis]!;
    return { image: [before, whole - within] as [number, number], output: [0, whole - reach - given] as [number, number] };
  }) as [Extension, Extension];
  const around = [rows.image, columns.image];
  const apart = (image: Tensor, paddings: [number, number][]) => tf.spaceToBatchND(image, block, paddings);
  const small = () => backward(apart(x, around), filter, apart(dy, [rows.output, columns.output]), { strides: 1, pad: "valid" });
  return { x: () => tf.batchToSpaceND(small().x(), block, around), filter: () => small().filter() };
};

/** Rows or columns to put before and after. */
interface Extension {
  readonly image: [number, number];
  readonly output: [number, number];
}

const channelsLast = (pad: ConvAttrs["pad"]): ConvAttrs["pad"] => (typeof pad === "object" ? [pad[0], pad[2], pad[3], pad[1]] : pad);

function entries(backward: Backward, kernelName: string, fusedName: string, isDepthwise: boolean): Entry[] {
  const both = gradients(backward, isDepthwise);
  const fused: FusedGradient = (dy, x, filter, attrs) => {
    const conv = attrs as unknown as ConvAttrs & { readonly activation?: string };
    const dy4D = dy.shape.length === 3 ? tf.expandDims(dy, 0) : dy;
    const ours = dilationsOf(conv).some((d) => d !== 1) || (!isDepthwise && turnsRound(filter, dy4D, conv));
    return ours && (conv.activation ?? "linear") === "linear" ? both(x, filter, dy4D, conv) : undefined;
  };
  return [
    { mode: "replace", gradient: { kernelName, inputsToSave: ["x", "filter"], gradFunc: (dy, [x, filter], attrs) => ({ ...both(x!, filter!, dy as Tensor, attrs as unknown as ConvAttrs) }) } },
    { mode: "add", gradient: { kernelName: fusedName, [fusedKey]: fused, gradFunc: () => unreachable(fusedName) } },
  ];
}

/** tfjs never records a fused kernel by itself, but the operation around it. */
function unreachable(name: string): never {
  throw new Error(`${name}: differentiate tf.fused.conv2d or tf.fused.depthwiseConv2d, not the kernel.`);
}

export const convolutionEntries: readonly Entry[] = [...entries(plain, "Conv2D", "FusedConv2D", false), ...entries(depthwise, "DepthwiseConv2dNative", "FusedDepthwiseConv2D", true)];

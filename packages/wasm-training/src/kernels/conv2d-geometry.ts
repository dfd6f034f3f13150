import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";

/** A two-dimensional convolution, as far as its loops are concerned. Sizes count elements; `top` and `left` are the padding before. */
export interface Geometry {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly top: number;
  readonly left: number;
  /** Whether the backend's own forward kernel is right here: {@link isBackendRight}. */
  readonly backendIsRight: boolean;
}

type Attributes = Readonly<Record<string, unknown>>;
type Shape4D = [number, number, number, number];

/**
 * The geometry of a kernel call, or undefined for what our kernels do not do: a layout other than NHWC, other dtypes, shapes
 * that do not fit each other.
 *
 * @param dy the result's gradient, where there is one. Its own height and width are taken, not those that the attributes
 * give: tfjs' gradient of conv2d forgets the rounding mode, and dy is as the forward convolution made it.
 */
export function geometryOf(inShape: readonly number[], filterShape: readonly number[], attrs: Attributes, tensors: readonly TensorInfo[], options: { readonly depthwise: boolean; readonly dy?: TensorInfo }): Geometry | undefined {
  if (tensors.some(({ dtype }) => dtype !== "float32")) return undefined;
  if ((attrs.dataFormat ?? "NHWC") !== "NHWC" || inShape.length !== 4 || filterShape.length !== 4 || inShape[3] !== filterShape[2]) return undefined;
  const info = backend_util.computeConv2DInfo(inShape as Shape4D, filterShape as Shape4D, attrs.strides as number, (attrs.dilations ?? 1) as number, attrs.pad as number, attrs.dimRoundingMode as "floor" | undefined, options.depthwise, "channelsLast");
  const { inHeight, inWidth, inChannels, outChannels, filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  const [batch, outHeight, outWidth, channels] = (options.dy?.shape ?? info.outShape) as Shape4D;
  if (batch !== inShape[0] || channels !== outChannels) return undefined;
  const geometry = { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, top: info.padInfo.top, left: info.padInfo.left, backendIsRight: isBackendRight(info) };
  const { top, left, backendIsRight: _, ...sizes } = geometry;
  return Object.values(sizes).every((size) => Number.isInteger(size) && size >= 0) && Number.isInteger(top) && Number.isInteger(left) ? geometry : undefined;
}

/**
 * The backend computes the size of its result itself, and writes past what tfjs has room for where the padding is a number and the
 * axes differ (tfjs takes the width from the filter's height and its stride), or too little where tfjs rounds up. And with padding
 * "same" its depthwise kernel goes astray where the filter is smaller than the stride.
 */
function isBackendRight({ padInfo, ...info }: ReturnType<typeof backend_util.computeConv2DInfo>): boolean {
  const fits = (size: number, padding: number, filter: number, stride: number, result: number) => (padInfo.type !== "SAME" || filter >= stride) && Math.floor((size + padding - filter) / stride) + 1 === result;
  return fits(info.inHeight, padInfo.top + padInfo.bottom, info.effectiveFilterHeight, info.strideHeight, info.outHeight) && fits(info.inWidth, padInfo.left + padInfo.right, info.effectiveFilterWidth, info.strideWidth, info.outWidth);
}

/** Whether the convolution is one product: each pixel for itself. */
export function isPointwise(g: Geometry): boolean {
  return g.filterHeight === 1 && g.filterWidth === 1 && g.strideHeight === 1 && g.strideWidth === 1 && g.top === 0 && g.left === 0 && g.outHeight === g.inHeight && g.outWidth === g.inWidth;
}

/** Whether the taps of each pixel are 3 × 3 pixels side by side, and those of the next one pixel further. */
export function hasNeighbourTaps(g: Geometry): boolean {
  return g.filterHeight === 3 && g.filterWidth === 3 && [g.strideHeight, g.strideWidth, g.dilationHeight, g.dilationWidth].every((step) => step === 1);
}

import { sizeOf, type Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { inputGradientOnTypedArrays } from "./conv2d-fallback.js";
import { geometryOf, hasNeighbourTaps, type Geometry } from "./conv2d-geometry.js";
import { backwardSweeps } from "./conv2d-sweep.js";
import { sumTaps } from "./depthwise-sweep.js";

/** The gradient of a depthwise convolution's input, which tfjs has not on WebAssembly: a depthwise convolution of dy with the filter turned round. */
export const depthwiseBackpropInput: TrainingKernel = {
  name: "DepthwiseConv2dNativeBackpropInput",
  mode: "add",
  fallback: inputGradientOnTypedArrays("DepthwiseConv2dNativeBackpropInput", true),
  run: (runtime, { dy: gradient, filter: weights }, attrs) => {
    const [dy, filter] = [gradient!, weights!];
    const inputShape = attrs.inputShape as number[];
    const g = geometryOf(inputShape, filter.shape, attrs, [dy, filter], { depthwise: true, dy });
    if (g === undefined) return undefined;
    const out = runtime.output(inputShape, "float32");
    const size = sizeOf(inputShape);
    if (size === 0) return out;
    const [atDy, atFilter, atOut] = [runtime.offset(dy), runtime.offset(filter), runtime.offset(out)];
    const multiplier = filter.shape[3]!;
    if (multiplier === 1) gradientOfEach(runtime, g, atDy, atFilter, atOut);
    else {
      // As if each channel had been repeated: the gradient of the copies, then their sums.
      runtime.withScratch(Math.max(4, size * multiplier * 4), (each) => {
        gradientOfEach(runtime, g, atDy, atFilter, each);
        if (multiplier === 0) runtime.floats(atOut, size).fill(0);
        else runtime.module.sum(each, atOut, size, multiplier, 1, 1);
      });
    }
    return out;
  },
};

/** `to "batch inHeight inWidth outChannels"`. */
function gradientOfEach(runtime: Runtime, g: Geometry, dy: number, filter: number, to: number): void {
  const sweeps = backwardSweeps(g);
  const used = g.outChannels * g.outHeight * g.outWidth === 0 ? [] : sweeps.filter(({ taps }) => taps.length > 0);
  if (used.length < sweeps.length) runtime.floats(to, g.batch * g.inHeight * g.inWidth * g.outChannels).fill(0);
  for (const sweep of used) sumTaps(runtime, sweep, hasNeighbourTaps(g), g.batch, dy, filter, to, g.outChannels);
}

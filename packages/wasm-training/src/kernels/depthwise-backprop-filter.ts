import { sizeOf, type Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { filterGradientOnTypedArrays } from "./conv2d-fallback.js";
import { geometryOf, hasNeighbourTaps, type Geometry } from "./conv2d-geometry.js";
import { eachBlock, forwardSweep } from "./conv2d-sweep.js";
import { withRepeatedChannels, withZeroRow, writeTaps } from "./depthwise-sweep.js";

/** The gradient of a depthwise convolution's filter, which tfjs has not on WebAssembly. */
export const depthwiseBackpropFilter: TrainingKernel = {
  name: "DepthwiseConv2dNativeBackpropFilter",
  mode: "add",
  fallback: filterGradientOnTypedArrays("DepthwiseConv2dNativeBackpropFilter", true),
  run: (runtime, { x: input, dy: gradient }, attrs) => {
    const [x, dy] = [input!, gradient!];
    const filterShape = attrs.filterShape as number[];
    const g = geometryOf(x.shape, filterShape, attrs, [x, dy], { depthwise: true, dy });
    if (g === undefined) return undefined;
    const out = runtime.output(filterShape, "float32");
    const size = sizeOf(filterShape);
    if (size === 0) return out;
    const [atDy, atOut] = [runtime.offset(dy), runtime.offset(out)];
    runtime.floats(atOut, size).fill(0);
    if (sizeOf(dy.shape) === 0) return out;
    withRepeatedChannels(runtime, x, filterShape[3]!, (source) => addTaps(runtime, g, source, atDy, atOut));
    return out;
  },
};

/** `x "batch inHeight inWidth outChannels"`. */
function addTaps(runtime: Runtime, g: Geometry, x: number, dy: number, to: number): void {
  const bytes = g.outChannels * 4;
  const sweep = forwardSweep(g);
  const { module } = runtime;
  if (hasNeighbourTaps(g)) {
    withZeroRow(runtime, sweep.width * bytes, (zeros) => module.depthwiseFilter3x3(x, zeros, g.batch, sweep.height, sweep.width, sweep.originY, sweep.originX, sweep.rows, sweep.columns, dy, to, g.outChannels));
    return;
  }
  const count = sweep.taps.length;
  runtime.withScratch(count * 8, (taps) =>
    eachBlock(runtime, sweep, g.batch, x, { source: bytes, target: bytes }, (block) => {
      writeTaps(runtime, taps, sweep, block.pitch, bytes);
      module.depthwiseFilter(block.source, block.imagePitch, sweep.stepY * block.pitch, sweep.stepX * bytes, block.images, block.rows, block.columns, taps, count, dy + block.target, to, g.outChannels);
    }),
  );
}

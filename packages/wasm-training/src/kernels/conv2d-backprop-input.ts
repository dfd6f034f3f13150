import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { geometryOf, isPointwise } from "./conv2d-geometry.js";
import { backwardSweeps, eachBlock, panelBytes, TILE_BYTES } from "./conv2d-sweep.js";

/** The gradient of the input, and the forward pass of a transposed convolution: a convolution of dy with the filter turned round, one for each class of pixels that the strides make. */
export const conv2dBackpropInput: TrainingKernel = {
  name: "Conv2DBackpropInput",
  mode: "replace",
  run: (runtime, { dy: gradient, filter: weights }, attrs) => {
    const [dy, filter] = [gradient!, weights!];
    const inputShape = attrs.inputShape as number[];
    const g = geometryOf(inputShape, filter.shape, attrs, [dy, filter], { depthwise: false, dy });
    if (g === undefined) return undefined;
    const { module } = runtime;
    const out = runtime.output(inputShape, "float32");
    const size = sizeOf(inputShape);
    if (size === 0) return out;
    const [atDy, atFilter, atOut] = [runtime.offset(dy), runtime.offset(filter), runtime.offset(out)];
    const [n, depth] = [g.inChannels, g.outChannels];
    if (isPointwise(g)) {
      const pixels = size / n;
      runtime.withScratch(module.gemmScratchBytes(pixels, n, depth, false) >>> 0, (scratch) => module.gemm(1, pixels, n, depth, atDy, 0, false, atFilter, 0, true, atOut, scratch, 0, 0, 0));
      return out;
    }
    const sweeps = backwardSweeps(g);
    const used = sizeOf(dy.shape) === 0 ? [] : sweeps.filter(({ taps }) => taps.length > 0);
    if (used.length < sweeps.length) runtime.floats(atOut, size).fill(0);
    const most = Math.max(0, ...used.map(({ taps }) => taps.length));
    runtime.withScratch(TILE_BYTES + panelBytes(n, most * depth) + most * 4, (scratch) => {
      const taps = scratch + TILE_BYTES;
      const panels = taps + most * 4;
      for (const sweep of used) {
        const count = sweep.taps.length;
        runtime.ints(taps, count).set(sweep.taps.map(({ index }) => index));
        module.packTaps(atFilter, taps, count, n, depth, panels);
        eachBlock(runtime, sweep, g.batch, atDy, { source: depth * 4, target: n * 4 }, (block) =>
          module.convolve(block.source, block.pixels, (block.count + 3) & ~3, block.runs, block.runCount, panels, count * depth, atOut + block.target, n, scratch),
        );
      }
    });
    return out;
  },
};

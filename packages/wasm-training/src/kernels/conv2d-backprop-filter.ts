import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { filterGradientOnTypedArrays } from "./conv2d-fallback.js";
import { geometryOf, isPointwise } from "./conv2d-geometry.js";
import { eachBlock, forwardSweep, panelBytes, TILE_BYTES } from "./conv2d-sweep.js";

/** The gradient of a filter, which tfjs has not on WebAssembly: the taps of all pixels, transposed, times dy, some 256 pixels at a time. */
export const conv2dBackpropFilter: TrainingKernel = {
  name: "Conv2DBackpropFilter",
  mode: "add",
  fallback: filterGradientOnTypedArrays("Conv2DBackpropFilter", false),
  run: (runtime, { x: input, dy: gradient }, attrs) => {
    const [x, dy] = [input!, gradient!];
    const filterShape = attrs.filterShape as number[];
    const g = geometryOf(x.shape, filterShape, attrs, [x, dy], { depthwise: false, dy });
    if (g === undefined) return undefined;
    const { module } = runtime;
    const out = runtime.output(filterShape, "float32");
    const size = sizeOf(filterShape);
    if (size === 0) return out;
    const [atX, atDy, atOut] = [runtime.offset(x), runtime.offset(dy), runtime.offset(out)];
    const n = g.outChannels;
    const pixels = g.batch * g.outHeight * g.outWidth;
    if (isPointwise(g)) {
      runtime.withScratch(module.gemmScratchBytes(g.inChannels, n, pixels, true) >>> 0, (scratch) => module.gemm(1, g.inChannels, n, pixels, atX, 0, true, atDy, 0, false, atOut, scratch, 0, 0, 0));
      return out;
    }
    runtime.floats(atOut, size).fill(0);
    if (pixels === 0) return out;
    eachBlock(runtime, forwardSweep(g), g.batch, atX, { source: g.inChannels * 4, target: n * 4 }, (block) =>
      runtime.withScratch(TILE_BYTES + block.count * 16 + panelBytes(n, block.count), (scratch) => {
        const panels = scratch + TILE_BYTES + block.count * 16;
        module.packColumns(atDy + block.target, n, block.count, panels);
        module.convolveFilter(block.source, block.pixels, block.count, block.runs, block.runCount, panels, atOut, n, scratch);
      }),
    );
    return out;
  },
};

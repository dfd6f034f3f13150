import { backend_util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/**
 * Each entry of dy to where its window is largest, the first of several as on cpu. The backend's own kernel takes a window without
 * a positive entry for one whose largest is 0, so that its gradient is lost or goes astray.
 */
export const maxPoolGrad: TrainingKernel = {
  name: "MaxPoolGrad",
  mode: "replace",
  run: (runtime, { dy: gradient, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const [dy, x] = [gradient!, input!];
    if (x.dtype !== "float32" || dy.dtype !== "float32" || x.shape.length !== 4) return undefined;
    const g = backend_util.computePool2DInfo(x.shape as [number, number, number, number], filterSize as number, strides as number, 1, pad as number, dimRoundingMode as "floor" | "round" | "ceil" | undefined);
    if (dy.shape.some((size, axis) => size !== g.outShape[axis])) return undefined;
    const out = runtime.output(x.shape, "float32");
    const size = sizeOf(x.shape);
    if (size === 0) return out;
    const at = runtime.offset(out);
    runtime.floats(at, size).fill(0);
    if (sizeOf(dy.shape) > 0) runtime.module.maxPoolGrad(runtime.offset(x), runtime.offset(dy), at, g.batchSize, g.inHeight, g.inWidth, g.outHeight, g.outWidth, g.inChannels, g.strideHeight, g.strideWidth, g.filterHeight, g.filterWidth, g.padInfo.top, g.padInfo.left);
    return out;
  },
};

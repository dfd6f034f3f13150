import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { geometryOf, hasNeighbourTaps } from "./conv2d-geometry.js";
import { forwardSweep } from "./conv2d-sweep.js";
import { sumTaps, withRepeatedChannels } from "./depthwise-sweep.js";
import { epilogueOf, type Epilogue } from "./epilogue.js";

// 3 × 3 pixel by pixel, which is faster here; and where the backend's kernel is wrong. The others stay with it.
function convolution(runtime: Runtime, x: TensorInfo, filter: TensorInfo, attrs: Readonly<Record<string, unknown>>, epilogue?: Epilogue): TensorInfo | undefined {
  const g = geometryOf(x.shape, filter.shape, attrs, [x, filter], { depthwise: true });
  if (g === undefined || (!hasNeighbourTaps(g) && g.backendIsRight)) return undefined;
  const out = runtime.output([g.batch, g.outHeight, g.outWidth, g.outChannels], "float32");
  const pixels = g.batch * g.outHeight * g.outWidth;
  if (pixels * g.outChannels === 0) return out;
  const [atFilter, atOut] = [runtime.offset(filter), runtime.offset(out)];
  withRepeatedChannels(runtime, x, filter.shape[3]!, (source) => sumTaps(runtime, forwardSweep(g), hasNeighbourTaps(g), g.batch, source, atFilter, atOut, g.outChannels));
  if (epilogue !== undefined) runtime.module.activateBlock(atOut, pixels, g.outChannels, epilogue.bias === undefined ? 0 : runtime.offset(epilogue.bias), epilogue.activation, epilogue.alpha);
  return out;
}

export const depthwiseConv2d: TrainingKernel = {
  name: "DepthwiseConv2dNative",
  mode: "replace",
  run: (runtime, { x, filter }, attrs) => convolution(runtime, x!, filter!, attrs),
};

/** The same with bias and activation; "prelu" stays with the backend. */
export const fusedDepthwiseConv2d: TrainingKernel = {
  name: "FusedDepthwiseConv2D",
  mode: "replace",
  run: (runtime, { x, filter, bias }, attrs) => {
    const epilogue = epilogueOf(bias, x!.shape[3]! * filter!.shape[3]!, attrs);
    return epilogue === undefined ? undefined : convolution(runtime, x!, filter!, attrs, epilogue);
  },
};

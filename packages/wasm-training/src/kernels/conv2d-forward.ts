import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";
import { geometryOf, isPointwise } from "./conv2d-geometry.js";
import { eachBlock, forwardSweep, panelBytes, TILE_BYTES } from "./conv2d-sweep.js";
import { epilogueOf, type Epilogue } from "./epilogue.js";

// On large images of few channels, a network's first layer, the backend is faster: our runs of taps are short there.
const FEW_CHANNELS = 8;
const LARGE = 1 << 16;

function convolution(runtime: Runtime, x: TensorInfo, filter: TensorInfo, attrs: Readonly<Record<string, unknown>>, epilogue?: Epilogue): TensorInfo | undefined {
  const g = geometryOf(x.shape, filter.shape, attrs, [x, filter], { depthwise: false });
  if (g === undefined) return undefined;
  if (g.inChannels < FEW_CHANNELS && g.backendIsRight && g.batch * g.outHeight * g.outWidth * g.outChannels > LARGE) return undefined;
  const { module } = runtime;
  const [n, k] = [g.outChannels, g.filterHeight * g.filterWidth * g.inChannels];
  const out = runtime.output([g.batch, g.outHeight, g.outWidth, n], "float32");
  const pixels = g.batch * g.outHeight * g.outWidth;
  if (pixels * n === 0) return out;
  const bias = epilogue?.bias === undefined ? 0 : runtime.offset(epilogue.bias);
  const activation = epilogue?.activation ?? 0;
  const alpha = epilogue?.alpha ?? 0;
  const [atX, atFilter, atOut] = [runtime.offset(x), runtime.offset(filter), runtime.offset(out)];
  if (isPointwise(g) || k === 0) {
    runtime.withScratch(module.gemmScratchBytes(pixels, n, k, false) >>> 0, (scratch) => module.gemm(1, pixels, n, k, atX, 0, false, atFilter, 0, false, atOut, scratch, bias, activation, alpha));
    return out;
  }
  runtime.withScratch(TILE_BYTES + panelBytes(n, k), (scratch) => {
    const panels = scratch + TILE_BYTES;
    module.packColumns(atFilter, n, k, panels);
    eachBlock(runtime, forwardSweep(g), g.batch, atX, { source: g.inChannels * 4, target: n * 4 }, (block) => {
      const to = atOut + block.target;
      module.convolve(block.source, block.pixels, (block.count + 3) & ~3, block.runs, block.runCount, panels, k, to, n, scratch);
      if (bias !== 0 || activation !== 0) module.activateBlock(to, block.count, n, bias, activation, alpha);
    });
  });
  return out;
}

/** Faster than the backend's, which packs its filter anew for each tensor it has not seen: in training, at every step. */
export const conv2d: TrainingKernel = {
  name: "Conv2D",
  mode: "replace",
  run: (runtime, { x, filter }, attrs) => convolution(runtime, x!, filter!, attrs),
};

/** conv2d + bias + activation: what a convolution layer calls. "prelu" stays with the backend. */
export const fusedConv2d: TrainingKernel = {
  name: "FusedConv2D",
  mode: "replace",
  run: (runtime, { x, filter, bias }, attrs) => {
    const epilogue = epilogueOf(bias, filter!.shape[3]!, attrs);
    return epilogue === undefined ? undefined : convolution(runtime, x!, filter!, attrs, epilogue);
  },
};

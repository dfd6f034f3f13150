import type { TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Batch normalization with one mean, variance, offset and scale a channel. */
export const fusedBatchNorm: TrainingKernel = {
  name: "FusedBatchNorm",
  mode: "replace",
  run: (runtime, { x: input, mean, variance, offset, scale }, { varianceEpsilon }) => {
    const x = input!;
    const channels = x.shape.at(-1);
    const perChannel = [mean, variance, offset, scale].filter((tensor): tensor is TensorInfo => tensor !== undefined && tensor !== null);
    if (channels === undefined || x.dtype !== "float32" || perChannel.some(({ shape, dtype }) => shape.length !== 1 || shape[0] !== channels || dtype !== "float32")) return undefined;
    const out = runtime.output(x.shape, "float32");
    const size = sizeOf(x.shape);
    if (size === 0) return out;
    runtime.withScratch(channels * 8, (factors) => {
      const valuesOf = (tensor: TensorInfo | undefined | null) => tensor && runtime.floats(runtime.offset(tensor), channels);
      const [variances, scales, offsets] = [valuesOf(variance)!, valuesOf(scale), valuesOf(offset)];
      runtime.floats(factors, channels).set(variances.map((value, c) => (scales?.[c] ?? 1) / Math.sqrt(value + Number(varianceEpsilon))));
      runtime.floats(factors + channels * 4, channels).set(offsets ?? new Float32Array(channels));
      runtime.module.normalizeRows(runtime.offset(x), runtime.offset(out), size / channels, channels, runtime.offset(mean!), factors, factors + channels * 4);
    });
    return out;
  },
};

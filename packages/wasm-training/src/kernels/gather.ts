import { backend_util, util } from "@tensorflow/tfjs-core";
import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Embedding lookups, by whole rows. An index out of range goes to the backend's kernel, which throws. */
export const gather: TrainingKernel = {
  name: "GatherV2",
  mode: "replace",
  run: (runtime, { x: input, indices: index }, { axis, batchDims }) => {
    const [x, indices] = [input!, index!];
    if ((x.dtype !== "float32" && x.dtype !== "int32") || indices.dtype !== "int32" || Number(batchDims) !== 0 || sizeOf(x.shape) === 0 || sizeOf(indices.shape) === 0) return undefined;
    const along = util.parseAxisParam(axis as number, x.shape)[0]!;
    const { outerSize, dimSize, sliceSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(x as never, indices as never, along, 0);
    const out = runtime.output(outputShape, x.dtype);
    const wrong = runtime.module.gatherRows(runtime.offset(x), runtime.offset(indices), runtime.offset(out), outerSize, dimSize, sizeOf(indices.shape), sliceSize);
    if (wrong < 0) return out;
    runtime.backend.disposeData(out.dataId);
    return undefined;
  },
};

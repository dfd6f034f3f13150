import { backend_util, util, type TensorInfo } from "@tensorflow/tfjs-core";
import { compose } from "../compose.js";
import { sizeOf, type Runtime } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Embedding lookups, by whole rows. An index out of range goes to the backend's kernel, which throws. */
export const gather: TrainingKernel = {
  name: "GatherV2",
  mode: "replace",
  run: (runtime, { x: input, indices: index }, { axis, batchDims }) => {
    const [x, indices] = [input!, index!];
    if (x.dtype === "bool" && (Number(batchDims) > 0 || sizeOf(x.shape) === 0)) return asInt32(runtime, x, indices, { axis, batchDims });
    if ((x.dtype !== "float32" && x.dtype !== "int32") || indices.dtype !== "int32") return undefined;
    const along = util.parseAxisParam(axis as number, x.shape)[0]!;
    const { batchSize, outerSize, dimSize, sliceSize, outputShape } = backend_util.segment_util.collectGatherOpShapeInfo(x as never, indices as never, along, Number(batchDims));
    const out = runtime.output(outputShape, x.dtype);
    const [from, by, to] = [x, indices, out].map((tensor) => runtime.offset(tensor)) as [number, number, number];
    const count = sizeOf(indices.shape) / batchSize; // of each batch
    for (let batch = 0; batch < batchSize; batch++) {
      const wrong = runtime.module.gatherRows(from + batch * outerSize * dimSize * sliceSize * 4, by + batch * count * 4, to + batch * outerSize * count * sliceSize * 4, outerSize, dimSize, count, sliceSize);
      if (wrong < 0) continue;
      runtime.backend.disposeData(out.dataId);
      return undefined;
    }
    return out;
  },
};

/** For where the backend's own kernel goes astray: it takes other rows if each batch has indices of its own, and gives another shape if x is empty. */
const asInt32 = ({ backend }: Runtime, x: TensorInfo, indices: TensorInfo, attrs: Readonly<Record<string, unknown>>): TensorInfo =>
  compose(backend, (run) => run("Cast", { x: run("GatherV2", { x: run("Cast", { x }, { dtype: "int32" }), indices }, attrs) }, { dtype: "bool" }));

import { backend_util, slice_util, util, type TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf, type Runtime } from "../runtime.js";
import { stepsOf, stridedCopy } from "../strided-copy.js";
import type { TrainingKernel } from "../training-kernel.js";

/** A block of x; tfjs' own kernel first copies all of x out of the heap. */
function block(runtime: Runtime, x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
  const out = runtime.output(size, x.dtype);
  const steps = stepsOf(x.shape);
  const start = begin.reduce((offset, at, axis) => offset + at * steps[axis]!, 0);
  if (sizeOf(size) > 0) stridedCopy(runtime, runtime.offset(x) + start * 4, runtime.offset(out), size.map((count, axis) => ({ size: count, step: steps[axis]! })));
  return out;
}

export const slice: TrainingKernel = {
  name: "Slice",
  mode: "replace",
  run: (runtime, { x }, { begin, size }) => {
    if (x!.dtype !== "float32" && x!.dtype !== "int32") return undefined;
    const [from, count] = slice_util.parseSliceParams(x!, begin as number[], size as number[]) as [number[], number[]];
    slice_util.assertParamsValid(x!, from, count);
    return block(runtime, x!, from, count);
  },
};

/** Blocks side by side. */
export const splitV: TrainingKernel = {
  name: "SplitV",
  mode: "replace",
  run: (runtime, { x: input }, { numOrSizeSplits, axis }) => {
    const x = input!;
    if (x.dtype !== "float32" && x.dtype !== "int32") return undefined;
    const along = util.parseAxisParam(axis as number, x.shape)[0]!;
    let start = 0;
    return backend_util.prepareSplitSize(x as never, numOrSizeSplits as number[], along).map((count) => {
      const begin = x.shape.map((_, i) => (i === along ? start : 0));
      start += count;
      return block(runtime, x, begin, x.shape.map((size, i) => (i === along ? count : size)));
    });
  },
};

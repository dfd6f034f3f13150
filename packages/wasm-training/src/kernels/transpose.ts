import { sizeOf } from "../runtime.js";
import { join, stepsOf, stridedCopy } from "../strided-copy.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Transposes of any rank; the backend's own crawls above rank 4. One that moves nothing shares its input's data. */
export const transpose: TrainingKernel = {
  name: "Transpose",
  mode: "replace",
  run: (runtime, { x: input }, { perm }) => {
    const x = input!;
    if (x.dtype !== "float32" && x.dtype !== "int32") return undefined;
    const order = perm as readonly number[];
    const shape = order.map((axis) => x.shape[axis]!);
    const steps = stepsOf(x.shape);
    const axes = order.map((axis) => ({ size: x.shape[axis]!, step: steps[axis]! }));
    const joined = join(axes);
    if (sizeOf(shape) === 0 || joined.length === 0 || (joined.length === 1 && joined[0]!.step === 1)) return runtime.share(x, shape);
    const out = runtime.output(shape, x.dtype);
    stridedCopy(runtime, runtime.offset(x), runtime.offset(out), joined);
    return out;
  },
};

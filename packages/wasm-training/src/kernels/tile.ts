import { sizeOf } from "../runtime.js";
import { stepsOf, stridedCopy } from "../strided-copy.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Repetition along axes: the gradient of a sum, of a mean, of batch normalization. */
export const tile: TrainingKernel = {
  name: "Tile",
  mode: "replace",
  run: (runtime, { x: input }, { reps }) => {
    const x = input!;
    const times = reps as readonly number[];
    if ((x.dtype !== "float32" && x.dtype !== "int32") || times.length !== x.shape.length) return undefined;
    const shape = x.shape.map((size, axis) => size * times[axis]!);
    const steps = stepsOf(x.shape);
    const out = runtime.output(shape, x.dtype);
    if (sizeOf(shape) > 0) stridedCopy(runtime, runtime.offset(x), runtime.offset(out), x.shape.flatMap((size, axis) => [{ size: times[axis]!, step: 0 }, { size, step: steps[axis]! }]));
    return out;
  },
};

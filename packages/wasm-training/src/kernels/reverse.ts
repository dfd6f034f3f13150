import { util } from "@tensorflow/tfjs-core";
import { compose } from "../compose.js";
import { sizeOf } from "../runtime.js";
import { stepsOf, stridedCopy } from "../strided-copy.js";
import type { TrainingKernel } from "../training-kernel.js";

/** Some axes backwards, as the inverse real FFT and a recurrent layer that goes backwards need it. The backend's own takes a bool for four bytes, and writes past its result. */
export const reverse: TrainingKernel = {
  name: "Reverse",
  mode: "replace",
  run: (runtime, { x: input }, { dims }) => {
    const x = input!;
    if (x.dtype === "bool") return compose(runtime.backend, (run) => run("Cast", { x: run("Reverse", { x: run("Cast", { x }, { dtype: "int32" }) }, { dims }) }, { dtype: "bool" }));
    if ((x.dtype !== "float32" && x.dtype !== "int32") || sizeOf(x.shape) === 0) return undefined;
    const backwards = new Set(util.parseAxisParam(dims as number[], x.shape));
    const steps = stepsOf(x.shape);
    const last = x.shape.reduce((offset, size, axis) => (backwards.has(axis) ? offset + (size - 1) * steps[axis]! : offset), 0);
    const out = runtime.output(x.shape, x.dtype);
    stridedCopy(runtime, runtime.offset(x) + last * 4, runtime.offset(out), x.shape.map((size, axis) => ({ size, step: backwards.has(axis) ? -steps[axis]! : steps[axis]! })));
    return out;
  },
};

import type { TrainingKernel } from "../training-kernel.js";
import { reduce } from "./reduce.js";

/** Over any axes, without the transpose that the backend makes for leading ones. */
export const sum: TrainingKernel = {
  name: "Sum",
  mode: "replace",
  run: (runtime, { x }, { axis, keepDims }) => reduce(runtime, x!, axis as number | number[], Boolean(keepDims), false),
};

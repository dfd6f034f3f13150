import type { TrainingKernel } from "../training-kernel.js";
import { reduce } from "./reduce.js";

/** As {@link sum}, divided by the number of elements summed. */
export const mean: TrainingKernel = {
  name: "Mean",
  mode: "replace",
  run: (runtime, { x }, { axis, keepDims }) => reduce(runtime, x!, axis as number | number[], Boolean(keepDims), true),
};

import { sizeOf } from "../runtime.js";
import type { TrainingKernel } from "../training-kernel.js";

function unary(name: string, key: "exp" | "tanh" | "erf"): TrainingKernel {
  return {
    name,
    mode: "replace",
    run: (runtime, { x: input }) => {
      const x = input!;
      if (x.dtype !== "float32") return undefined;
      const out = runtime.output(x.shape, "float32");
      runtime.module[key](runtime.offset(x), runtime.offset(out), sizeOf(x.shape));
      return out;
    },
  };
}

/** Relative error 1e-7; below -87.33 it is 0. */
export const exp = unary("Exp", "exp");
/** Relative error 4e-7. */
export const tanh = unary("Tanh", "tanh");
/** Relative error 5e-7, also near 0, where the formula of tfjs is 1.5e-7 off in absolute terms. */
export const erf = unary("Erf", "erf");

import type { TrainingKernel } from "../training-kernel.js";
import { epilogueOf } from "./epilogue.js";
import { matrixProduct } from "./matrix-product.js";

/** matMul + bias + activation: what a dense layer calls. */
export const fusedMatMul: TrainingKernel = {
  name: "_FusedMatMul",
  mode: "replace",
  run: (runtime, { a, b, bias }, attrs) => {
    const [transposeA, transposeB] = [Boolean(attrs.transposeA), Boolean(attrs.transposeB)];
    const epilogue = epilogueOf(bias, b!.shape.at(transposeB ? -2 : -1)!, attrs);
    return epilogue === undefined ? undefined : matrixProduct(runtime, a!, b!, transposeA, transposeB, epilogue);
  },
};

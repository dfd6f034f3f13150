import type { TrainingKernel } from "../training-kernel.js";
import { matrixProduct } from "./matrix-product.js";

/** Every matMul. The backend's own takes 8 to 50 times as long when an operand is transposed, as in every gradient. */
export const batchMatMul: TrainingKernel = {
  name: "BatchMatMul",
  mode: "replace",
  run: (runtime, { a, b }, { transposeA, transposeB }) => matrixProduct(runtime, a!, b!, Boolean(transposeA), Boolean(transposeB)),
};

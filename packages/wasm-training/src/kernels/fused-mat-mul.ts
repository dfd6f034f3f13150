import type { TrainingKernel } from "../training-kernel.js";
import { matrixProduct } from "./matrix-product.js";

/** As tfjs numbers them. "prelu" (3) has weights of any shape and stays with the backend. */
export const fusableActivations: Readonly<Record<string, number>> = { linear: 0, relu: 1, relu6: 2, leakyrelu: 4, sigmoid: 5, elu: 6 };

/** matMul + bias + activation: what a dense layer calls. */
export const fusedMatMul: TrainingKernel = {
  name: "_FusedMatMul",
  mode: "replace",
  run: (runtime, { a, b, bias }, { transposeA, transposeB, activation, leakyreluAlpha }) => {
    const number = fusableActivations[String(activation)];
    const columns = b!.shape[transposeB ? b!.shape.length - 2 : b!.shape.length - 1];
    if (number === undefined || (bias !== undefined && bias !== null && (bias.dtype !== "float32" || bias.shape.length !== 1 || bias.shape[0] !== columns))) return undefined;
    return matrixProduct(runtime, a!, b!, Boolean(transposeA), Boolean(transposeB), { bias: bias ?? undefined, activation: number, alpha: Number(leakyreluAlpha ?? 0) });
  },
};

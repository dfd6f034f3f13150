import type { TrainingKernel } from "../training-kernel.js";
import { batchMatMul } from "./batch-mat-mul.js";
import { fusedMatMul } from "./fused-mat-mul.js";

/** All of them; the order is that of the README's table. */
export const trainingKernels: readonly TrainingKernel[] = [batchMatMul, fusedMatMul];

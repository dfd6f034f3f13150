import type { TrainingKernel } from "../training-kernel.js";
import { batchMatMul } from "./batch-mat-mul.js";
import { complex, complexAbs, imag, real } from "./complex.js";
import { conv2dBackpropFilter } from "./conv2d-backprop-filter.js";
import { conv2dBackpropInput } from "./conv2d-backprop-input.js";
import { conv2d, fusedConv2d } from "./conv2d-forward.js";
import { csrMatMul } from "./csr-mat-mul.js";
import { csrSampledMatMul } from "./csr-sampled-mat-mul.js";
import { depthwiseBackpropFilter } from "./depthwise-backprop-filter.js";
import { depthwiseBackpropInput } from "./depthwise-backprop-input.js";
import { depthwiseConv2d, fusedDepthwiseConv2d } from "./depthwise-forward.js";
import { einsum } from "./einsum.js";
import { fft, ifft } from "./fft.js";
import { fusedBatchNorm } from "./fused-batch-norm.js";
import { fusedMatMul } from "./fused-mat-mul.js";
import { gather } from "./gather.js";
import { identity } from "./identity.js";
import { maxPoolGrad } from "./max-pool-grad.js";
import { mean } from "./mean.js";
import { momentumStep } from "./momentum-step.js";
import { reverse } from "./reverse.js";
import { add, divide, multiply, subtract } from "./row-vector.js";
import { slice, splitV } from "./slice.js";
import { sum } from "./sum.js";
import { tile } from "./tile.js";
import { transpose } from "./transpose.js";
import { erf, exp, tanh } from "./unary.js";
import { unsortedSegmentSum } from "./unsorted-segment-sum.js";

/** All of them; the order is that of the README's table. */
export const trainingKernels: readonly TrainingKernel[] = [
  batchMatMul, fusedMatMul,
  conv2d, fusedConv2d, conv2dBackpropInput, conv2dBackpropFilter, depthwiseConv2d, fusedDepthwiseConv2d, depthwiseBackpropInput, depthwiseBackpropFilter,
  maxPoolGrad, fusedBatchNorm, add, subtract, multiply, divide,
  transpose, sum, mean, tile, exp, tanh, erf, identity, gather, unsortedSegmentSum,
  complex, real, imag, complexAbs, fft, ifft, einsum, csrMatMul, csrSampledMatMul, slice, splitV, reverse, momentumStep,
]; // prettier-ignore

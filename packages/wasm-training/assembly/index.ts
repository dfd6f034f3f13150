export { complexAbs, complexMultiply, everySecond, interleave } from "./complex";
export { csrMultiply, csrMultiplyTransposed, csrSampled } from "./csr";
export { bluestein, fft } from "./fft";
export { gemm, gemmScratchBytes } from "./gemm";
export { gatherRows, segmentSum, segmentSumInt } from "./rows";
export { stridedCopy } from "./strided-copy";
export { sum } from "./sum";
export { erf, exp, tanh } from "./unary";

export { registerCpuKernels, unregisterCpuKernels } from "./cpu-kernels.js";
export { csrMatMul } from "./csr-mat-mul.js";
export type { CsrMatMulOptions, CsrMatrix } from "./csr-mat-mul.js";
export { GradientsError } from "./errors.js";
export type { GradientsErrorCode } from "./errors.js";
export { hessianVectorProduct } from "./hessian-vector-product.js";
export { gradientNames, registerGradients, unregisterGradients } from "./register-gradients.js";
export type { GradientRegistration, RegisterGradientsOptions } from "./register-gradients.js";
export { withSecondOrderGradients } from "./with-second-order-gradients.js";

export { WasmTrainingError } from "./errors.js";
export { prepareTrainingKernels, registerTrainingKernels, trainingKernelNames, unregisterTrainingKernels } from "./register-training-kernels.js";
export type { Registration, RegisterOptions } from "./register-training-kernels.js";

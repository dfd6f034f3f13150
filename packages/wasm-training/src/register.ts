// The one file with a side effect: `import "@warmstart/wasm-training/register"`.
import "@tensorflow/tfjs-backend-wasm";
import { registerTrainingKernels } from "./register-training-kernels.js";

registerTrainingKernels();
